export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

const KEY_BYTES = 32

/** @throws {RangeError} for a key of another length */
export function requireKey(key: Uint8Array, name: string): Uint8Array {
  if (key.length === KEY_BYTES) return key
  throw new RangeError(`${name}: a public key has ${KEY_BYTES} bytes, got ${key.length}`)
}
