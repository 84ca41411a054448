import { isPoint, isSmallOrder } from '@mimirjs/crypto'
import { formatIp, parseIp } from '@mimirjs/transport'
import { fromHex, toHex } from '@mimirjs/wire'
import { MulticastError } from '../error.js'
import { GROUP_BYTES, type GroupRules, isAcceptableGroup, isAcceptablePort, isIpv4Group, mapIpv4 } from './accept.js'

/** Where a node listens, and who it is: `mp2p://KEY@[group]:port`. */
export interface MulticastAddress {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** 16 bytes, IPv4 as `::ffff:a.b.c.d`. */
  readonly group: Uint8Array
  /** 1024 to 65535. */
  readonly port: number
}

/** Longest text that is looked at, in characters; the longest address has 119. */
const MAX_CHARS = 200
const IPV4_AT = 12
const GROUPS = 'ff1e:…, ff3e:…, or 224.x.y.z with y from 224 on'
const FORM = 'mp2p://<key, 64 hex digits>@<group>:<port>, as in mp2p://8a88…6f5c@[ff1e::1]:1024'

/**
 * Read the text of a group, IPv6 without brackets.
 * @returns 16 bytes, IPv4 as `::ffff:a.b.c.d`
 * @throws {MulticastError} `bad-address`, which says what is wrong with it
 */
export function parseGroup(text: string, rules: GroupRules = {}): Uint8Array {
  if (text.includes('%')) {
    throw badAddress(text, 'a group without a zone; name the network interface with the option for it')
  }
  const ip = text.length > MAX_CHARS ? undefined : parseIp(text)
  if (ip === undefined) throw badAddress(text, `a multicast group: ${GROUPS}`)
  const group = ip.length === GROUP_BYTES ? ip : mapIpv4(ip)
  if (isAcceptableGroup(group, rules)) return group
  if (!isMulticast(group)) throw badAddress(text, `a multicast group (${GROUPS}); this is the address of one host`)
  throw badAddress(text, `a group that this protocol uses: ${GROUPS}${scopeHint(group, rules)}`)
}

/**
 * The text of a group: dotted for IPv4, RFC 5952 without brackets for IPv6.
 * @param group - 16 bytes, or the 4 bytes of an IPv4 group
 * @throws {MulticastError} `bad-address` for any other length
 */
export function formatGroup(group: Uint8Array): string {
  if (group.length !== 4 && group.length !== GROUP_BYTES) {
    throw new MulticastError('bad-address', `group: expected 16 bytes, or 4 of IPv4, got ${group.length}`)
  }
  return formatIp(isIpv4Group(group) ? group.subarray(IPV4_AT) : group)
}

/**
 * Read `mp2p://<64 hex digits>@[ff1e::1]:1024` or `mp2p://<64 hex digits>@224.0.245.100:1024`.
 * @throws {MulticastError} `bad-address` | `bad-key` when nobody can have that key
 */
export function parseMulticastAddress(text: string, rules: GroupRules = {}): MulticastAddress {
  const parts = text.length > MAX_CHARS ? null : /^mp2p:\/\/([^@]*)@(\[[^\]]*\]|[^:[\]]*):([0-9]+)$/.exec(text)
  if (parts === null) throw badAddress(text, FORM)
  const [, key = '', host = '', portText = ''] = parts
  if (!/^[0-9a-fA-F]{64}$/.test(key)) {
    throw new MulticastError('bad-key', `expected a public key of 64 hex digits, got ${shown(key)}`)
  }
  const publicKey = fromHex(key)
  if (isSmallOrder(publicKey) || !isPoint(publicKey)) {
    throw new MulticastError(
      'bad-key',
      `expected a public key, got ${key}, which nobody can have: is it copied in full?`,
    )
  }
  const port = Number(portText)
  if (!isAcceptablePort(port) || portText.startsWith('0')) throw badAddress(text, 'a port from 1024 to 65535')
  return { publicKey, group: parseGroup(host.startsWith('[') ? host.slice(1, -1) : host, rules), port }
}

/**
 * Write an address; {@link parseMulticastAddress} reads it back. The parts are taken as they are.
 * @throws {MulticastError} `bad-address` for a group of the wrong length
 */
export function formatMulticastAddress({ publicKey, group, port }: MulticastAddress): string {
  const host = formatGroup(group)
  return `mp2p://${toHex(publicKey)}@${host.includes(':') ? `[${host}]` : host}:${port}`
}

function isMulticast(group: Uint8Array): boolean {
  return isIpv4Group(group) ? (group[IPV4_AT] as number) >> 4 === 0xe : group[0] === 0xff
}

function scopeHint(group: Uint8Array, { extraScopes = false }: GroupRules): string {
  return !extraScopes && isAcceptableGroup(group, { extraScopes: true }) ? '; `extraScopes` allows this one' : ''
}

function badAddress(text: string, expected: string): MulticastError {
  return new MulticastError('bad-address', `expected ${expected}; got ${shown(text)}`)
}

function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}
