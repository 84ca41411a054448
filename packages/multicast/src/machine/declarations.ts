import { isSmallOrder, verify } from '@mimirjs/crypto'
import { equalBytes } from '@mimirjs/wire'
import {
  ADDRESS_DECLARATION_BYTES,
  type AddressDeclaration,
  decodeAddressDeclaration,
  signedAddressDeclarationBytes,
} from '@mimirjs/wire/multicast'
import { isAcceptableGroup, isAcceptablePort, isIpv4Group } from '../address/index.js'
import type { Verdict } from '../counters.js'
import { type Check, firstVerdict } from './check.js'
import type { Core } from './core.js'
import { nameOf } from './names.js'
import type { Peer } from './peers.js'
import type { Place, PolicyAnswer } from './types.js'

export interface DeclarationPacket {
  readonly bytes: Uint8Array
  readonly source: string
  readonly nowMs: number
  readonly declaration: AddressDeclaration
  readonly name: string
  readonly place: Place
  /** Who declares, when we know it. */
  readonly peer: Peer | undefined
  /** The very bytes that were checked before: a repeated declaration costs nothing. */
  readonly isKnown: boolean
  answer: PolicyAnswer
}

/** multicast protocol §7.2 */
export function receiveDeclaration(core: Core, datagram: Uint8Array, source: string, nowMs: number): Verdict {
  const bytes = core.rules.allowsSurplus ? datagram.subarray(0, ADDRESS_DECLARATION_BYTES) : datagram
  if (bytes.length !== ADDRESS_DECLARATION_BYTES) return 'drop:length'
  const declaration = decodeAddressDeclaration(bytes)
  const name = nameOf(declaration.src)
  const place = { group: declaration.address, port: declaration.port }
  const peer = core.peers.get(name)
  const isKnown = peer?.hasDeclared(place, declaration.signature) ?? false
  const packet = { bytes, source, nowMs, declaration, name, place, peer, isKnown, answer: 'ask' as const }
  return firstVerdict<DeclarationPacket>(core.rules.declaration, core, packet) ?? register(core, packet)
}

export const isDeclaredByOthers: Check<DeclarationPacket> = ({ publicKey }, { declaration }) =>
  equalBytes(declaration.src, publicKey) ? 'drop:self' : undefined

export const hasOrdinaryKey: Check<DeclarationPacket> = (_, { declaration }) =>
  isSmallOrder(declaration.src) ? 'drop:key' : undefined

export const hasAcceptablePlace: Check<DeclarationPacket> = ({ extraScopes, place: own }, { place }) =>
  isAcceptablePort(place.port) &&
  isAcceptableGroup(place.group, { extraScopes }) &&
  isIpv4Group(place.group) === isIpv4Group(own.group)
    ? undefined
    : 'drop:address'

/** All that the originals ask of an address: that something can be sent there. */
export const hasPort: Check<DeclarationPacket> = (_, { place }) => (place.port === 0 ? 'drop:address' : undefined)

/** Whom the user named is wanted; about everybody else the application is asked each time. */
export const isWanted: Check<DeclarationPacket> = (core, packet) => {
  packet.answer = packet.peer?.pinned === undefined ? core.policy(packet.declaration.src, packet.place) : 'accept'
  return packet.answer === 'ignore' ? 'drop:policy' : undefined
}

export const declarationRate: Check<DeclarationPacket> = ({ gate }, { isKnown, source, nowMs }) =>
  isKnown || gate.take(source, nowMs, false) ? undefined : 'drop:rate'

export const declarationSignature: Check<DeclarationPacket> = (_, { isKnown, bytes, declaration }) =>
  isKnown || verify(declaration.signature, signedAddressDeclarationBytes(bytes), declaration.src)
    ? undefined
    : 'drop:signature'

function register(core: Core, { declaration, name, place, peer, answer, nowMs }: DeclarationPacket): Verdict {
  if (peer === undefined && answer === 'ask') {
    const group = new Uint8Array(place.group)
    core.host.peer?.({ publicKey: new Uint8Array(declaration.src), group, port: place.port })
    // Unless it was learned in that call.
    if (core.peers.get(name) === undefined) return 'drop:policy'
  }
  const registered = core.peers.getOrAdd(declaration.src, nowMs)
  if (registered === undefined) return 'drop:policy'
  registered.heardMs = nowMs
  registered.declare(place, declaration.signature, core.rules.keptPlaces)
  return 'register'
}
