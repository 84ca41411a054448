/**
 * The bytes of a Buffer as a Uint8Array of its own: a Buffer has another `slice`, and may lie in memory that it shares
 * with the rest of the process.
 */
export function plain(buffer: Uint8Array): Uint8Array {
  return buffer.byteLength === buffer.buffer.byteLength ? new Uint8Array(buffer.buffer) : new Uint8Array(buffer)
}

export function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const SIXTHS = new Uint8Array(128)
for (let value = 0; value < 64; value++) SIXTHS[ALPHABET.charCodeAt(value)] = value

/**
 * The bytes that node:crypto wrote as base64url, without padding. By hand: on Node 20 a Buffer takes 1 µs for 32 bytes
 * and leaves a copy of them in the memory that all Buffers share.
 */
export function fromBase64Url(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length * 3) >> 2)
  let pending = 0
  let pendingBits = 0
  let offset = 0
  for (let at = 0; at < text.length; at++) {
    pending = ((pending << 6) | (SIXTHS[text.charCodeAt(at)] as number)) & 0x3fff
    pendingBits += 6
    if (pendingBits < 8) continue
    pendingBits -= 8
    bytes[offset++] = pending >> pendingBits
  }
  return bytes
}
