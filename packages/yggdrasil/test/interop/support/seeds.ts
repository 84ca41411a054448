import { numberedSeed } from './members.js'

// The lowest key of a network is its root.

/** Its public key begins with 01. */
export const LOWEST: Uint8Array = numberedSeed(21)
/** Its public key begins with fe. */
export const HIGHEST: Uint8Array = numberedSeed(289)
