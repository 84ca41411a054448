import { parseIp } from '@mimirjs/transport'
import { GROUP_BYTES, isIpv4Group } from './accept.js'

/** So many bytes from a cryptographically secure source: `randomBytes` of `@mimirjs/crypto`. */
export type RandomBytes = (sizeBytes: number) => Uint8Array

const MAX_PREFIX_LENGTH = 64
const PREFIX_BYTES = 8
/** The third octet of IPv4 groups of our making: 224 to 249. */
const THIRD_OCTET_FIRST = 224
const THIRD_OCTET_COUNT = 26
/** Random bytes from here on would make some octets likelier than others. */
const UNEVEN_FROM = 256 - (256 % THIRD_OCTET_COUNT)

/** A transient IPv6 group of global scope, `ff1e:…`: 16 bytes. Source: multicast protocol §2.1. */
export function generateIpv6Group(randomBytes: RandomBytes): Uint8Array {
  const group = Uint8Array.from(randomBytes(GROUP_BYTES))
  group[0] = 0xff
  group[1] = 0x1e
  return group
}

/**
 * An IPv6 group made of the prefix of a network, `ff3e:40:…`: 16 bytes with the true length of the prefix, where the
 * originals always write 128. Source: multicast protocol §2.2.
 * @param prefixCidr - an address of this host with the length of its network's prefix, as `2001:db8:1:2::5/64`
 * @returns `undefined` for networks that no such group can be made of: IPv4, link-local, loopback, multicast, no CIDR
 */
export function generatePrefixGroup(prefixCidr: string, randomBytes: RandomBytes): Uint8Array | undefined {
  const [, address, lengthText] = /^([0-9a-fA-F:.]+)\/([0-9]{1,3})$/.exec(prefixCidr) ?? []
  const network = parseIp(address ?? '')
  const length = Number(lengthText)
  if (network?.length !== GROUP_BYTES || length > 128 || isIpv4Group(network)) return undefined
  clearBehind(network, length)
  if (!isGlobalUnicast(network)) return undefined

  const prefixLength = Math.min(length, MAX_PREFIX_LENGTH)
  const group = new Uint8Array(GROUP_BYTES)
  group[0] = 0xff
  group[1] = 0x3e
  group[3] = prefixLength
  group.set(network.subarray(0, PREFIX_BYTES), 4)
  group.set(randomBytes(4), 12)
  // The range that is left to groups which nobody assigned.
  group[12] = (group[12] as number) | 0x80
  return group
}

/** An IPv4 group of 224.0.224.0 to 224.0.249.255: 16 bytes, in its mapped form. Source: multicast protocol §2.3. */
export function generateIpv4Group(randomBytes: RandomBytes): Uint8Array {
  let third: number
  do third = randomBytes(1)[0] as number
  while (third >= UNEVEN_FROM)
  const group = new Uint8Array(GROUP_BYTES)
  group.set([0xff, 0xff, 224, 0, THIRD_OCTET_FIRST + (third % THIRD_OCTET_COUNT)], 10)
  group[15] = randomBytes(1)[0] as number
  return group
}

/** Zero all bits of `address` but the first `length`. */
function clearBehind(address: Uint8Array, length: number): void {
  for (let at = 0; at < address.length; at++) {
    const kept = Math.max(0, Math.min(8, length - 8 * at))
    address[at] = (address[at] as number) & (0xff << (8 - kept))
  }
}

/** What the originals take: neither unspecified, loopback, link-local nor multicast; unique local addresses are. */
function isGlobalUnicast(network: Uint8Array): boolean {
  const [first = 0, second = 0] = network
  if (first === 0xff || (first === 0xfe && (second & 0xc0) === 0x80)) return false
  const last = network[15] as number
  return last > 1 || network.subarray(0, 15).some((byte) => byte !== 0)
}
