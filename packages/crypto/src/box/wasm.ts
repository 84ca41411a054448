import { requireUint8Array } from '../bytes.js'
import { BOX_NONCE_BYTES, CIPHER_KEY_BYTES, COUNTER_BOX_MAX_BYTES, TAG_BYTES } from '../lengths.js'
import { requireCounter, requireRoom, wiped } from './arguments.js'
import type { BoxEngine } from './engine.js'
import { GIVEN, INPUT, SECRET_BYTES, TAG, TEXT } from './layout.js'
import { scriptEngine } from './script.js'
import type { CounterBox } from './types.js'

/** What the module of `wasm/box` exports. */
export interface BoxExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  /** Make key and nonce of Salsa20 from the given ones. */
  derive(): void
  /** Seal the text of this length in place, and write its tag. Key and nonce are gone then. */
  seal(length: number): void
  /** The reverse. @returns 0 when the tag does not fit; the text is as it was then */
  open(length: number): number
}

/** The places of the key in the input, in numbers of 32 bits. */
const KEY = INPUT / 4 + 1
const KEY_BEHIND = INPUT / 4 + 11
const NONCE: number = INPUT + 24
/** How many views are kept. */
const VIEWS = 64

/** WebAssembly with SIMD. One memory for all keys and packets: every call fills it, works, and leaves no secret in it. */
export class WasmBoxEngine implements BoxEngine {
  readonly name = 'wasm-simd'
  readonly exports: BoxExports
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly view: DataView
  /** Views of packets that were sealed before, by the last bits of their length: making one takes as long as copying by it. */
  readonly #views: Uint8Array[]
  /** How much plaintext of what was opened last is still there, for whoever has the view. */
  #openedBytes = 0

  constructor(exports: BoxExports) {
    this.exports = exports
    const { buffer } = exports.memory
    this.bytes = new Uint8Array(buffer)
    this.words = new Int32Array(buffer)
    this.view = new DataView(buffer)
    this.#views = Array.from({ length: VIEWS }, () => this.bytes.subarray(0, 0))
  }

  seal(sharedKey: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): Uint8Array {
    if (plaintext.length > COUNTER_BOX_MAX_BYTES) return scriptEngine.seal(sharedKey, nonce, plaintext)
    this.#derive(sharedKey, nonce)
    this.bytes.set(plaintext, TEXT)
    this.exports.seal(plaintext.length)
    this.filled(plaintext.length)
    return this.bytes.slice(TAG, TEXT + plaintext.length)
  }

  open(sharedKey: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length > TAG_BYTES + COUNTER_BOX_MAX_BYTES) return scriptEngine.open(sharedKey, nonce, sealed)
    const length = sealed.length - TAG_BYTES
    if (length < 0) return undefined
    this.#derive(sharedKey, nonce)
    this.bytes.set(sealed, TAG)
    const opened = this.exports.open(length) !== 0
    this.filled(length)
    if (!opened) return undefined
    const plaintext = this.bytes.slice(TEXT, TEXT + length)
    this.bytes.fill(0, TEXT, TEXT + length)
    return plaintext
  }

  counterBox(sharedKey: Uint8Array): CounterBox {
    this.#derive(sharedKey, new Uint8Array(BOX_NONCE_BYTES))
    return new WasmCounterBox(this)
  }

  /** The text is of this length now: what was opened before it, and reached further, is wiped. */
  filled(length: number): void {
    if (this.#openedBytes > length) this.bytes.fill(0, TEXT + length, TEXT + this.#openedBytes)
    this.#openedBytes = 0
  }

  /** @returns a view of tag and ciphertext, for our own use */
  sealed(length: number): Uint8Array {
    const view = this.#views[length % VIEWS] as Uint8Array
    if (view.length === TAG_BYTES + length) return view
    const fresh = this.bytes.subarray(TAG, TEXT + length)
    this.#views[length % VIEWS] = fresh
    return fresh
  }

  /** @returns a view of the text, which has been opened */
  opened(length: number): Uint8Array {
    this.#openedBytes = length
    return this.bytes.subarray(TEXT, TEXT + length)
  }

  #derive(sharedKey: Uint8Array, nonce: Uint8Array): void {
    this.bytes.set(sharedKey, GIVEN)
    this.bytes.set(nonce, GIVEN + CIPHER_KEY_BYTES)
    this.exports.derive()
  }
}

/**
 * The first 16 bytes of a nonce are zero, so that the key that XSalsa20 makes of them is always the same, and is what is kept: in
 * eight numbers, because a typed array would take three times as much.
 */
class WasmCounterBox implements CounterBox {
  #engine: WasmBoxEngine | undefined
  #key0: number
  #key1: number
  #key2: number
  #key3: number
  #key4: number
  #key5: number
  #key6: number
  #key7: number

  /** The key is that which the engine has just derived. */
  constructor(engine: WasmBoxEngine) {
    const { words } = engine
    this.#engine = engine
    this.#key0 = words[KEY] as number
    this.#key1 = words[KEY + 1] as number
    this.#key2 = words[KEY + 2] as number
    this.#key3 = words[KEY + 3] as number
    this.#key4 = words[KEY_BEHIND] as number
    this.#key5 = words[KEY_BEHIND + 1] as number
    this.#key6 = words[KEY_BEHIND + 2] as number
    this.#key7 = words[KEY_BEHIND + 3] as number
    engine.bytes.fill(0, 0, SECRET_BYTES)
  }

  sealInto(out: Uint8Array, offset: number, counter: bigint, head: Uint8Array, body: Uint8Array): number {
    const length = requireRoom(out, offset, head, body)
    requireCounter(counter)
    const engine = this.#engine
    if (engine === undefined) throw wiped()
    const { bytes } = engine
    // The body first: it may be what was opened last, which lies where the head is written.
    bytes.set(body, TEXT + head.length)
    if (head.length !== 0) bytes.set(head, TEXT)
    this.#begin(engine, counter)
    engine.exports.seal(length)
    engine.filled(length)
    out.set(engine.sealed(length), offset)
    return TAG_BYTES + length
  }

  open(counter: bigint, sealed: Uint8Array): Uint8Array | undefined {
    requireCounter(counter)
    requireUint8Array(sealed, 'sealed')
    const engine = this.#engine
    if (engine === undefined) throw wiped()
    const length = sealed.length - TAG_BYTES
    if (length < 0 || length > COUNTER_BOX_MAX_BYTES) return undefined
    engine.bytes.set(sealed, TAG)
    this.#begin(engine, counter)
    const opened = engine.exports.open(length) !== 0
    engine.filled(length)
    return opened ? engine.opened(length) : undefined
  }

  wipe(): void {
    this.#engine?.filled(0)
    this.#engine = undefined
    this.#key0 = this.#key1 = this.#key2 = this.#key3 = this.#key4 = this.#key5 = this.#key6 = this.#key7 = 0
  }

  #begin(engine: WasmBoxEngine, counter: bigint): void {
    const { words } = engine
    words[KEY] = this.#key0
    words[KEY + 1] = this.#key1
    words[KEY + 2] = this.#key2
    words[KEY + 3] = this.#key3
    words[KEY_BEHIND] = this.#key4
    words[KEY_BEHIND + 1] = this.#key5
    words[KEY_BEHIND + 2] = this.#key6
    words[KEY_BEHIND + 3] = this.#key7
    // The module has left zeros for the number of the first block.
    engine.view.setBigUint64(NONCE, counter)
  }
}
