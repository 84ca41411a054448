import type { CounterBox } from './types.js'

/** What computes the box. Arguments are checked before; every engine gives the same bytes. */
export interface BoxEngine {
  readonly name: 'wasm-simd' | 'js'
  seal(sharedKey: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** @returns bytes of the caller's own, or `undefined` when they are not authentic */
  open(sharedKey: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
  counterBox(sharedKey: Uint8Array): CounterBox
}
