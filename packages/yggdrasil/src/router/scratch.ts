import { MAX_FRAME_BYTES } from '../wire/limits.js'

/**
 * Where frames are put together. One for the whole process: a frame is written to its link, which copies it, before
 * anything else happens.
 */
export const scratch: Uint8Array = new Uint8Array(MAX_FRAME_BYTES + 16)
