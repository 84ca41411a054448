import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import { concatBytes, requireUint8Array } from '../bytes.js'
import { BOX_NONCE_BYTES, COUNTER_BOX_MAX_BYTES, TAG_BYTES } from '../lengths.js'
import { requireCounter, requireRoom, wiped } from './arguments.js'
import type { BoxEngine } from './engine.js'
import type { CounterBox } from './types.js'

/** Plain JavaScript, by @noble/ciphers: for runtimes without WebAssembly or its SIMD, and for very long messages. */
export const scriptEngine: BoxEngine = {
  name: 'js',
  seal: (sharedKey, nonce, plaintext) => xsalsa20poly1305(sharedKey, nonce).encrypt(plaintext),
  open(sharedKey, nonce, sealed) {
    if (sealed.length < TAG_BYTES) return undefined
    try {
      return xsalsa20poly1305(sharedKey, nonce).decrypt(sealed)
    } catch {
      return undefined
    }
  },
  counterBox: (sharedKey) => new ScriptCounterBox(sharedKey),
}

class ScriptCounterBox implements CounterBox {
  #key: Uint8Array | undefined

  constructor(sharedKey: Uint8Array) {
    this.#key = sharedKey.slice()
  }

  sealInto(out: Uint8Array, offset: number, counter: bigint, head: Uint8Array, body: Uint8Array): number {
    const plainBytes = requireRoom(out, offset, head, body)
    requireCounter(counter)
    if (this.#key === undefined) throw wiped()
    out.set(scriptEngine.seal(this.#key, counterNonce(counter), concatBytes(head, body)), offset)
    return TAG_BYTES + plainBytes
  }

  open(counter: bigint, sealed: Uint8Array): Uint8Array | undefined {
    requireCounter(counter)
    requireUint8Array(sealed, 'sealed')
    if (this.#key === undefined) throw wiped()
    if (sealed.length > TAG_BYTES + COUNTER_BOX_MAX_BYTES) return undefined
    return scriptEngine.open(this.#key, counterNonce(counter), sealed)
  }

  wipe(): void {
    this.#key?.fill(0)
    this.#key = undefined
  }
}

function counterNonce(counter: bigint): Uint8Array {
  const nonce = new Uint8Array(BOX_NONCE_BYTES)
  new DataView(nonce.buffer).setBigUint64(16, counter)
  return nonce
}
