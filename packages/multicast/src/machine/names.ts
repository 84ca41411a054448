/** Bytes as the key of a map: one character each. For ids and public keys, not for long things. */
export function nameOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
