import { isPoint } from '@mimirjs/crypto'
import type { MediatorAddress, RendezvousIceServer } from '@mimirjs/messenger'
import { isMulticastError, parseMulticastAddress } from '@mimirjs/multicast'
import { type Address, isTransportError, parseAddress, parseIp, unmapIpv4 } from '@mimirjs/transport'
import { fromHex, isWireError } from '@mimirjs/wire'
import { checkServerUrl } from '@mimirjs/wire/rendezvous'
import { isYggdrasilError, type PeerUriUse, parsePeerUri } from '@mimirjs/yggdrasil'
import { InvalidArgumentError, Option } from 'commander'
import { parseDuration } from './duration.js'

/** Parser of an option that takes the address URL to listen on. */
export function addressParser(scheme: 'tcp' | 'udp' | 'ws'): (text: string) => string {
  return (text) => {
    parse(text, scheme)
    return text
  }
}

/** Where somebody listens, whom we know by name, IP address, the key of their node, or their group on the local network. */
export function parsePeerAddress(text: string): string {
  if (text.startsWith('mp2p:')) return checkGroup(text)
  const { port } = text.startsWith('ygg:') ? parseOverlay(text) : parse(text, 'tcp')
  if (port === 0) throw new InvalidArgumentError('Expected a port above 0: 0 is for listening')
  return text
}

export function parseTracker(text: string): string {
  if (text.includes(',')) throw new InvalidArgumentError('Expected one address: repeat --tracker for each')
  if (text.startsWith('ygg:')) {
    if (parseOverlay(text).port === 0) throw new InvalidArgumentError('Expected a port above 0: trackers use 69')
    return text
  }
  const { host, port } = parse(text, 'udp')
  const [ip = ''] = unmapIpv4(host).split('%')
  if (ip === '::' || ip === '0.0.0.0')
    throw new InvalidArgumentError(`${host} is every address of a machine, for listening: use 127.0.0.1 or [::1]`)
  if (parseIp(ip) === undefined)
    throw new InvalidArgumentError(`Expected an IP address, as in udp://127.0.0.1:5050: ${host} is a name`)
  if (port === 0) throw new InvalidArgumentError('Expected a port above 0: 0 is for listening')
  return text
}

/** A rendezvous server: `wss://`, or `ws://` on this machine. */
export function parseRendezvousServer(text: string): string {
  try {
    return checkServerUrl(text)
  } catch (error) {
    if (!isWireError(error)) throw error
    throw new InvalidArgumentError(capital(error.message))
  }
}

/** A STUN or TURN server: `stun:host:port`, `turn:user:password@host:port?transport=tcp`. */
export function parseIceServer(text: string): RendezvousIceServer {
  const [, scheme = '', , user, password, rest = ''] =
    /^(stuns?|turns?):(([^:@]+):([^@]*)@)?([^@\s]+)$/.exec(text) ?? []
  const isTurn = scheme.startsWith('turn')
  if (scheme === '' || isTurn !== (user !== undefined))
    throw new InvalidArgumentError('Expected stun:<host>:<port> or turn:<user>:<password>@<host>:<port>')
  const urls = `${scheme}:${rest}`
  try {
    if (user === undefined) return { urls }
    return { urls, username: decodeURIComponent(user), credential: decodeURIComponent(password ?? '') }
  } catch {
    throw new InvalidArgumentError('Expected user and password percent-encoded, % itself as %25')
  }
}

/** Parser of `--ice-server`, which may be given several times. */
export function iceServerParser(text: string, before: RendezvousIceServer[] = []): RendezvousIceServer[] {
  return [...before, parseIceServer(text)]
}

/** A mediator as `mimir mediator` prints it: its key, `@`, and where it listens. On the overlay the key says it all. */
export function parseMediator(text: string): MediatorAddress {
  const [, key = '', address] = /^([0-9a-f]{64})(?:@(.*))?$/i.exec(text) ?? []
  if (key === '')
    throw new InvalidArgumentError(
      'Expected <64 hex digits>@<address>, as mimir mediator prints it; on the overlay the key alone is enough',
    )
  if (!isPoint(fromHex(key))) throw new InvalidArgumentError('These 64 hex digits are no public key')
  const publicKey = key.toLowerCase()
  return { publicKey, address: address === undefined ? `ygg://${publicKey}:42` : parsePeerAddress(address) }
}

/** Where a node of the overlay is to be dialled. */
export function parseNodeUri(text: string): string {
  return checkNodeUri(text, 'dial')
}

/** Where a node of the overlay is to listen. */
export function parseNodeListen(text: string): string {
  return checkNodeUri(text, 'listen')
}

/** Which node of the overlay is meant: its key, or the address made of it. @returns what `Yggdrasil.lookup` takes */
export function parseNodeTarget(text: string): string {
  if (text.startsWith('ygg:')) return parseOverlay(text).host
  const target = /^\[(.*)\]$/.exec(text)?.[1] ?? text
  const isKey = /^[0-9a-f]{64}$/i.test(target)
  if (isKey ? isPoint(fromHex(target)) : isNodeAddress(target)) return target
  if (isKey) throw new InvalidArgumentError('These 64 hex digits are no public key')
  throw new InvalidArgumentError('Expected the key of a node, 64 hex digits, or its address, as 200:…')
}

/** An address, `200:…`, or a subnet, `300:…::/64`. */
function isNodeAddress(text: string): boolean {
  const isSubnet = text.endsWith('/64')
  const bytes = parseIp(isSubnet ? text.slice(0, -'/64'.length) : text)
  return bytes?.length === 16 && bytes[0] === (isSubnet ? 3 : 2)
}

/** @throws {InvalidArgumentError} */
function checkNodeUri(text: string, use: PeerUriUse): string {
  try {
    parsePeerUri(text, use)
    return text
  } catch (error) {
    if (!isYggdrasilError(error)) throw error
    throw new InvalidArgumentError(capital(error.message))
  }
}

/** @throws {InvalidArgumentError} */
function checkGroup(text: string): string {
  try {
    parseMulticastAddress(text)
    return text
  } catch (error) {
    if (!isMulticastError(error)) throw error
    throw new InvalidArgumentError(capital(error.message))
  }
}

/** @throws {InvalidArgumentError} */
function parseOverlay(text: string): Address {
  const address = parse(text, 'ygg')
  if (/^[0-9a-f]{64}$/.test(address.host) && isPoint(fromHex(address.host))) return address
  throw new InvalidArgumentError('Expected ygg://<public key of 64 hex digits>:<port>')
}

/** Parser of `--mediator`, which may be given several times. */
export function mediatorParser(text: string, before: MediatorAddress[] = []): MediatorAddress[] {
  return [...before, parseMediator(text)]
}

/** @throws {InvalidArgumentError} */
function parse(text: string, scheme: 'tcp' | 'udp' | 'ws' | 'ygg'): Address {
  try {
    return parseAddress(text, scheme)
  } catch (error) {
    if (!isTransportError(error)) throw error
    throw new InvalidArgumentError(capital(error.message).replace('scheme://', `${scheme}://`))
  }
}

/** Parser of an option that may be given several times. */
export function listParser(parse: (text: string) => string): (text: string, before?: string[]) => string[] {
  return (text, before = []) => [...before, parse(text)]
}

/** An option that takes a time. */
export function durationOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(parseDuration)
}

/** Nothing, as an empty variable of a script leaves it, would be the current folder. */
export function parsePath(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('Expected a path')
}

export function parseCommandLine(text: string): string {
  if (text.trim() !== '') return text
  throw new InvalidArgumentError('Expected a command line')
}

export function parseCount(text: string): number {
  const count = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0
  if (count > 0) return count
  throw new InvalidArgumentError('Expected a whole number from 1 to 999999')
}

/** The beginning of a sentence. Schemes are written small wherever they stand. */
export function capital(text: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//.test(text)) return text
  return text.charAt(0).toUpperCase() + text.slice(1)
}
