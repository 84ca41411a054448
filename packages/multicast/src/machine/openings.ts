import { isSmallOrder } from '@mimirjs/crypto'
import { equalBytes, toHex } from '@mimirjs/wire'
import {
  NODE_KEY_BYTES,
  SESSION_ID_BYTES,
  SESSION_INITIATION_SIGNED_BYTES,
  signedSessionInitiationBytes,
  unsignedSessionInitiation,
} from '@mimirjs/wire/multicast'
import { isAcceptableGroup, isAcceptablePort, isIpv4Group } from '../address/index.js'
import { MulticastError } from '../error.js'
import { newEphemeral } from './agreement.js'
import { nextDueMs } from './attempts.js'
import type { Core } from './core.js'
import { makeRoomForAll } from './room.js'
import { type Opening, Session } from './session.js'
import type { PeerAddress } from './types.js'

/**
 * Open a session: declaration and initiation, built once and repeated unchanged. multicast protocol §8
 * @throws {MulticastError} `bad-key` | `bad-address` | `limit`
 */
export function open(core: Core, peer: PeerAddress, nowMs: number): Session {
  requirePeer(core, peer)
  if (!makeRoomForAll(core, nowMs))
    throw new MulticastError(
      'limit',
      `expected at most ${core.limits.sessions} sessions: close one, or raise limits.sessions`,
    )
  const { publicKey, port } = peer
  const id = freeId(core)
  const ephemeral = newEphemeral((sizeBytes) => core.host.randomBytes(sizeBytes))
  const places = [{ group: new Uint8Array(peer.group), port }]
  const session = new Session({ id, peer: publicKey, role: 'initiator', places, nowMs }, core.salt)
  const initiation = unsignedSessionInitiation({
    sessionId: session.id,
    src: core.publicKey,
    dst: session.peer,
    sessionKey: ephemeral.publicKey,
  })
  const { secret } = ephemeral
  const opening = { secret, initiation, isSigned: false, attempts: 1, dueMs: nowMs + core.unitMs }
  session.opening = opening
  core.sessions.add(session)
  core.arm(session)
  signBoth(core, session, opening)
  return session
}

/** The wait after an attempt is over. */
export function attemptAgain(core: Core, session: Session, opening: Opening, nowMs: number): void {
  if (opening.attempts >= core.attempts) {
    core.close(
      session,
      new MulticastError(
        'no-response',
        `nobody answered ${opening.attempts} attempts to open a session with ${toHex(session.peer)}: is its address right, and does it run?`,
      ),
    )
    return
  }
  opening.attempts += 1
  opening.dueMs = nextDueMs(opening.dueMs, nowMs, opening.attempts, core.unitMs)
  sendOpening(core, session, opening)
}

/** @throws {MulticastError} `bad-key` | `bad-address` */
export function requirePeer(core: Core, { publicKey, group, port }: PeerAddress): void {
  if (publicKey.length !== NODE_KEY_BYTES || isSmallOrder(publicKey))
    throw new MulticastError('bad-key', `public key: expected 32 bytes of an Ed25519 key, got ${toHex(publicKey)}`)
  if (equalBytes(publicKey, core.publicKey))
    throw new MulticastError('bad-key', 'public key: expected that of somebody else, got our own')
  if (!isAcceptableGroup(group, { extraScopes: core.extraScopes }))
    throw new MulticastError('bad-address', `group: expected a multicast group of this protocol, got ${toHex(group)}`)
  if (!isAcceptablePort(port)) throw new MulticastError('bad-address', `port: expected 1024 to 65535, got ${port}`)
  if (isIpv4Group(group) !== isIpv4Group(core.place.group)) {
    const [own, other] = isIpv4Group(group) ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6']
    throw new MulticastError('bad-address', `group: expected one of ${own}, as our own is, got one of ${other}`)
  }
}

function signBoth(core: Core, session: Session, opening: Opening): void {
  const failed = (): void =>
    core.close(session, new MulticastError('misuse', 'signer: expected a signature, got none; see what the host says'))
  const ready = (): void => {
    if (session.state === 'opening') sendOpening(core, session, opening)
  }
  core.declaration.sign((isSigned) => (isSigned ? ready() : failed()))
  core.host.sign(signedSessionInitiationBytes(opening.initiation), (signature) => {
    if (signature === undefined) {
      failed()
      return
    }
    opening.initiation.set(signature, SESSION_INITIATION_SIGNED_BYTES)
    opening.isSigned = true
    ready()
  })
}

function sendOpening(core: Core, session: Session, opening: Opening): void {
  const declaration = core.declaration.bytes
  // A slow signer is waited for; the attempt after its answer is the first.
  if (declaration === undefined || !opening.isSigned) return
  core.sendRare(session, declaration)
  core.sendRare(session, opening.initiation)
}

function freeId(core: Core): Uint8Array {
  let id = core.host.randomBytes(SESSION_ID_BYTES)
  while (core.sessions.find(id, 0) !== undefined) id = core.host.randomBytes(SESSION_ID_BYTES)
  return id
}
