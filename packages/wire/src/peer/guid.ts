// How real clients make the guid of a message. A guid is opaque to whoever receives it, and a sender of ours draws it at
// random; these formulas are here for ports and tools that look at the databases or captures of the originals.
import { checkI64, write64 } from '../int.js'

const OVERLAY_SEED = 0xbabe_dead_f00dn
const P1 = 0x9e37_79b1_85eb_ca87n
const P2 = 0xc2b2_ae3d_27d4_eb4fn
const P3 = 0x1656_67b1_9e37_79f9n
const P4 = 0x85eb_ca77_c2b2_ae63n
const P5 = 0x27d4_eb2f_1656_67c5n

/**
 * The classic formula: `(h << 32) XOR time`, h being the 31-polynomial hash of the signed bytes, starting from 1.
 * @param stored - the text, or an attachment's metadata. @param timeMs - the `sendTimeMs` of the message.
 */
export function classicGuid(stored: Uint8Array, timeMs: bigint): bigint {
  return BigInt.asIntN(64, (BigInt(hash31(stored)) << 32n) ^ checkI64(timeMs, 'timeMs'))
}

/** The formula that overlay clients used for five days in December 2025. Parameters as {@link classicGuid}. */
export function polynomialGuid(stored: Uint8Array, timeMs: bigint): bigint {
  const time = checkI64(timeMs, 'timeMs')
  const hash = hash31(stored)
  const high = BigInt.asIntN(32, time >> 32n)
  const terms = [BigInt(hash), high, BigInt(hash >>> 16)]
  return terms.reduce((sum, term) => BigInt.asIntN(64, 31n * sum + term), time)
}

/** The formula of overlay and current clients: XXH64 of the bytes and the time. Parameters as {@link classicGuid}. */
export function xxh64Guid(stored: Uint8Array, timeMs: bigint): bigint {
  const input = new Uint8Array(stored.length + 8)
  input.set(stored)
  write64(input, stored.length, checkI64(timeMs, 'timeMs'))
  return BigInt.asIntN(64, xxh64(input, OVERLAY_SEED))
}

function hash31(bytes: Uint8Array): number {
  let hash = 1
  for (const byte of bytes) hash = (Math.imul(31, hash) + ((byte << 24) >> 24)) | 0
  return hash
}

function xxh64(bytes: Uint8Array, seed: bigint): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  let hash = seed + P5
  if (bytes.length >= 32) {
    const lanes = [seed + P1 + P2, seed + P2, seed, seed - P1].map(u64)
    for (; at + 32 <= bytes.length; at += 32) {
      for (let lane = 0; lane < 4; lane++) lanes[lane] = round(lanes[lane]!, view.getBigUint64(at + 8 * lane, true))
    }
    const turns = [1n, 7n, 12n, 18n]
    hash = lanes.reduce((sum, lane, index) => sum + rotate(lane, turns[index]!), 0n)
    for (const lane of lanes) hash = u64((u64(hash) ^ round(0n, lane)) * P1 + P4)
  }
  hash = u64(hash + BigInt(bytes.length))
  for (; at + 8 <= bytes.length; at += 8) {
    hash = u64(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4)
  }
  for (; at + 4 <= bytes.length; at += 4) {
    hash = u64(rotate(hash ^ u64(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3)
  }
  for (; at < bytes.length; at++) hash = u64(rotate(hash ^ u64(BigInt(view.getUint8(at)) * P5), 11n) * P1)
  hash = u64((hash ^ (hash >> 33n)) * P2)
  hash = u64((hash ^ (hash >> 29n)) * P3)
  return hash ^ (hash >> 32n)
}

function round(lane: bigint, input: bigint): bigint {
  return u64(rotate(u64(lane + input * P2), 31n) * P1)
}

function rotate(value: bigint, bits: bigint): bigint {
  return u64((value << bits) | (value >> (64n - bits)))
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value)
}
