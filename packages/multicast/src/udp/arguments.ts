import { platform } from 'node:os'
import { formatGroup, isIpv4Group } from '../address/index.js'
import { MulticastError } from '../error.js'
import type { SocketType } from './bind.js'
import type { InterfaceChoice } from './interfaces.js'

/** IPv4 knows interfaces by an address of theirs, IPv6 by a zone: a name, on Windows a number. */
export function interfaceOf(type: SocketType, { name, address, index }: InterfaceChoice): string {
  if (type === 'udp4') return address
  return `::%${platform() === 'win32' && index !== undefined ? index : name}`
}

/** @throws {MulticastError} `bad-address` unless they are multicast groups of one family */
export function familyOf(groups: readonly Uint8Array[]): SocketType {
  const types = new Set(groups.map(typeOfGroup))
  const [type] = types
  if (type !== undefined && types.size === 1) return type
  throw new MulticastError('bad-address', 'groups: expected at least one, all IPv4 or all IPv6')
}

function typeOfGroup(group: Uint8Array): SocketType {
  if (group.length === 16 && isIpv4Group(group) && (group[12] ?? 0) >> 4 === 0xe) return 'udp4'
  if (group.length === 16 && group[0] === 0xff) return 'udp6'
  throw new MulticastError('bad-address', `expected a multicast group of 16 bytes, got ${describe(group)}`)
}

function describe(group: Uint8Array): string {
  return group.length === 16 || group.length === 4 ? formatGroup(group) : `${group.length} bytes`
}

/** Groups of interface-local and link-local scope: the system binds to them only together with an interface. */
export function isLinkScope(literal: string): boolean {
  return /^ff[0-9a-f][12]:/.test(literal)
}

/** @throws {MulticastError} `misuse` */
export function checkRange(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new MulticastError('misuse', `${name}: expected a whole number from ${least} to ${most}, got ${value}`)
}

/** @throws {MulticastError} `aborted` */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return
  throw new MulticastError('aborted', 'open: aborted by the signal given', { cause: signal.reason })
}
