import { formatIp } from '@mimirjs/transport'
import { YggdrasilError } from './error.js'
import { KEY_BYTES } from './key.js'

// IPv6 addresses and subnets of keys, and what they tell of the key. An address is 02, then the number z of leading zero
// bits of the key, then the key's bits behind its first 1, inverted; a subnet is the first half of it with 03 in front.
// yggdrasil protocol §1.1.

const ADDRESS_BYTES = 16
/** A /64 prefix. */
export const SUBNET_BYTES = 8
const ADDRESS_PREFIX = 0x02
const SUBNET_PREFIX = 0x03
const KEY_BITS: number = 8 * KEY_BYTES

/** The IPv6 address of a public key, 16 bytes. @throws {YggdrasilError} `bad-key`: not 32 bytes, or all of them zero */
export function addressForKey(key: Uint8Array): Uint8Array {
  const zeros = leadingZeros(key)
  if (key.length !== KEY_BYTES || zeros === KEY_BITS) {
    throw new YggdrasilError('bad-key', 'public key: expected 32 bytes that are not all zero: this one has no address')
  }
  const address = new Uint8Array(ADDRESS_BYTES)
  address[0] = ADDRESS_PREFIX
  address[1] = zeros
  // Where no whole byte is left of the key, the address ends in zeros.
  const told = toldBytes(zeros, ADDRESS_BYTES)
  for (let at = 0; at < told; at++) address[2 + at] = ~byteAtBit(key, zeros + 1 + 8 * at)
  return address
}

/** The /64 subnet of a public key: its first 8 bytes. @throws {YggdrasilError} `bad-key` */
export function subnetForKey(key: Uint8Array): Uint8Array {
  const subnet = addressForKey(key).slice(0, SUBNET_BYTES)
  subnet[0] = SUBNET_PREFIX
  return subnet
}

/**
 * What an address tells of its key: the first bits, then ones. Good for a lookup, whose answer has the whole key.
 * @throws {YggdrasilError} `misuse` when these are not the 16 bytes of such an address
 */
export function keyForAddress(address: Uint8Array): Uint8Array {
  if (isAddress(address)) return partialKey(address)
  throw new YggdrasilError('misuse', 'address: expected 16 bytes of 0200::/8')
}

/** The same for a subnet, which tells less. @throws {YggdrasilError} `misuse` */
export function keyForSubnet(subnet: Uint8Array): Uint8Array {
  if (isSubnet(subnet)) return partialKey(subnet)
  throw new YggdrasilError('misuse', 'subnet: expected the first 8 bytes of 0300::/8')
}

/** Whether these are the 16 bytes of an address of this network. */
export function isAddress(bytes: Uint8Array): boolean {
  return bytes.length === ADDRESS_BYTES && bytes[0] === ADDRESS_PREFIX
}

/** Whether these are the 8 bytes of a subnet of this network. */
export function isSubnet(bytes: Uint8Array): boolean {
  return bytes.length === SUBNET_BYTES && bytes[0] === SUBNET_PREFIX
}

/**
 * The key as filters and lookups see it: what its subnet tells of it. The whole network uses the same rule. Of the key
 * that is all zeros it makes what the reference does, since anyone may ask for that one. yggdrasil protocol §1.1.
 * @param key - 32 bytes
 */
export function transformKey(key: Uint8Array): Uint8Array {
  const zeros = leadingZeros(key)
  const transformed = new Uint8Array(key)
  if (zeros === KEY_BITS) return transformed.fill(0xff)
  fillOnes(transformed, zeros + 1 + 8 * toldBytes(zeros, SUBNET_BYTES))
  return transformed
}

/** Canonical text of an address, such as `200:848a:604f:bb7e:4384:65db:8db6:6895`. */
export function formatAddress(address: Uint8Array): string {
  return formatIp(address)
}

/** Canonical text of a subnet, such as `300:848a:604f:bb7e::/64`. */
export function formatSubnet(subnet: Uint8Array): string {
  const address = new Uint8Array(ADDRESS_BYTES)
  address.set(subnet.subarray(0, SUBNET_BYTES))
  return `${formatIp(address)}/${8 * SUBNET_BYTES}`
}

/** z zeros, a one, the inverted rest, and ones from there on. */
function partialKey(address: Uint8Array): Uint8Array {
  const zeros = address[1]!
  const key = new Uint8Array(KEY_BYTES)
  key[zeros >> 3] = 0x80 >> (zeros & 7)
  const start = zeros + 1
  for (let at = 2; at < address.length; at++) {
    const bit = start + 8 * (at - 2)
    const shifted = (~address[at]! & 0xff) << (8 - (bit & 7))
    const byte = bit >> 3
    if (byte < KEY_BYTES) key[byte]! |= shifted >> 8
    if (byte + 1 < KEY_BYTES) key[byte + 1]! |= shifted
  }
  fillOnes(key, start + 8 * (address.length - 2))
  return key
}

/** How many bytes of the key, behind its first 1, stand in an address or subnet of this size: whole bytes only. */
function toldBytes(zeros: number, size: number): number {
  return Math.min((KEY_BITS - zeros - 1) >> 3, size - 2)
}

/** Set every bit from `bit` on. */
function fillOnes(key: Uint8Array, bit: number): void {
  const byte = bit >> 3
  if (byte >= KEY_BYTES) return
  key[byte]! |= 0xff >> (bit & 7)
  key.fill(0xff, byte + 1)
}

/** Eight bits of the key from `bit` on; behind its end there are zeros. */
function byteAtBit(key: Uint8Array, bit: number): number {
  const byte = bit >> 3
  return (((key[byte]! << 8) | (key[byte + 1] ?? 0)) >> (8 - (bit & 7))) & 0xff
}

function leadingZeros(key: Uint8Array): number {
  let byte = 0
  while (byte < key.length && key[byte] === 0) byte++
  return byte === key.length ? 8 * byte : 8 * byte + Math.clz32(key[byte]!) - 24
}
