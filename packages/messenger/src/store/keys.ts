const KEY_BYTES = 32

/** Keys of 32 bytes, one behind the other. */
export function joinKeys(keys: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(keys.length * KEY_BYTES)
  for (const [index, key] of keys.entries()) joined.set(key, index * KEY_BYTES)
  return joined
}

export function splitKeys(joined: Uint8Array): Uint8Array[] {
  return Array.from({ length: joined.length / KEY_BYTES }, (_, index) =>
    joined.slice(index * KEY_BYTES, (index + 1) * KEY_BYTES),
  )
}
