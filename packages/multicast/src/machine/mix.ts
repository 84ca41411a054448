/** Two secret numbers that keep others from choosing what meets in our tables. */
export interface Salt {
  readonly first: number
  readonly second: number
}

/** @param bytes - 8 random bytes */
export function saltOf(bytes: Uint8Array): Salt {
  return { first: readI32(bytes, 0), second: readI32(bytes, 4) }
}

/** 32 bits, big-endian and signed: what bitwise arithmetic works with. */
export function readI32(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] as number) << 24) |
    ((bytes[offset + 1] as number) << 16) |
    ((bytes[offset + 2] as number) << 8) |
    (bytes[offset + 3] as number)
  )
}

/** 32 well-mixed bits of two words; the finisher of MurmurHash3. */
export function mix({ first, second }: Salt, a: number, b: number): number {
  let mixed = Math.imul(a ^ first, 0x9e3779b1)
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ b ^ second, 0x85ebca6b)
  mixed ^= mixed >>> 16
  mixed = Math.imul(mixed, 0xc2b2ae35)
  mixed ^= mixed >>> 13
  return mixed ^ (mixed >>> 16)
}
