import { checkUint } from './int.js'

const SLAB_BYTES = 65_536
const LARGEST_BYTES = 4_096
/** More than any engine allocates at once. */
const MAX_BYTES = 2 ** 40

// One slab for the process: allocating 160 bytes on their own costs more than encoding them.
let slab: Uint8Array = new Uint8Array(0)
let used = 0

/**
 * Bytes of your own, given out once. Small pieces are cut from one buffer after another, so several of them share an
 * `ArrayBuffer`.
 */
export function newPiece(sizeBytes: number): Uint8Array {
  // What is not even a number would stay in `used` and spoil every piece after it.
  if (!(sizeBytes <= LARGEST_BYTES)) return new Uint8Array(checkUint(sizeBytes, MAX_BYTES, 'size'))
  // A slab whose buffer somebody transferred away has length 0, and is replaced as well.
  if (used + sizeBytes > slab.length) {
    slab = new Uint8Array(SLAB_BYTES)
    used = 0
  }
  const start = used
  used = start + sizeBytes
  return new Uint8Array(slab.buffer, start, sizeBytes)
}
