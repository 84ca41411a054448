import { fromHex } from '@mimirjs/wire'

/**
 * The points of X25519 that give everybody the same secret, the top bit cleared: 0, 1, two of order 8, p - 1, p, p + 1.
 * multicast protocol §5
 */
const LOW_ORDER: readonly Uint8Array[] = [
  filled(0x00, 0x00, 0x00),
  filled(0x01, 0x00, 0x00),
  fromHex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'),
  fromHex('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'),
  filled(0xec, 0xff, 0x7f),
  filled(0xed, 0xff, 0x7f),
  filled(0xee, 0xff, 0x7f),
]

/** @param point - an X25519 public value, 32 bytes */
export function isLowOrder(point: Uint8Array): boolean {
  return LOW_ORDER.some(
    (encoding) =>
      encoding.every((byte, at) => at === 31 || byte === point[at]) && ((point[31] as number) & 0x7f) === encoding[31],
  )
}

function filled(first: number, middle: number, last: number): Uint8Array {
  const bytes = new Uint8Array(32).fill(middle)
  bytes[0] = first
  bytes[31] = last
  return bytes
}
