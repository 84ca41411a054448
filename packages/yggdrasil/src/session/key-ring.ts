import { boxSharedKey, type CounterBox, createCounterBox, type X25519KeyPair } from '@mimirjs/crypto'
import { isKeyAt, KEY_BYTES } from '../key.js'

// All keys of a session in one array, for a node can have thousands of sessions: an array each would take more room
// than what is in it.
const CURRENT = 32
const NEXT = 64
const RECV = 96
const SEND = 128
const NXT = 160
const RECV_PUBLIC = 192
const SEND_PUBLIC = 224
const NXT_PUBLIC = 256
/** The byte that stands behind the key and in front of a payload, when there is one. */
const PREFIX = 288
/** Their `current` and our `recv`, as of what was under way when the last Init or Ack came. */
const PREVIOUS = 289
/** The key that they have named for when we turn. */
const PENDING: number = PREVIOUS + 2 * KEY_BYTES
const RING_BYTES: number = PENDING + KEY_BYTES

/** One of their keys with one of ours: what a message is sealed with. */
export const Pair = { recv: 0, nextSend: 1, nextRecv: 2, previous: 3, send: 4 } as const
export type Pair = (typeof Pair)[keyof typeof Pair]

/** Where the two keys of a {@link Pair} are. */
const PLACES: readonly (readonly [theirs: number, ours: number])[] = [
  [CURRENT, RECV],
  [NEXT, SEND],
  [NEXT, RECV],
  [PREVIOUS, PREVIOUS + KEY_BYTES],
  [CURRENT, SEND],
]

/** The X25519 keys of one session, and the boxes made of them. yggdrasil protocol §8.4 */
export class KeyRing {
  /** Ed25519, of the other side. */
  readonly publicKey: Uint8Array
  readonly #keys = new Uint8Array(RING_BYTES)
  /** A view: what every packet of ours begins with. */
  readonly #nxtPublic: Uint8Array
  /** The same, with the prefix. */
  #prefixed: Uint8Array | undefined
  // Each is derived when it is needed first: an Init alone must not cost four agreements.
  #recvBox: CounterBox | undefined
  #sendBox: CounterBox | undefined
  #nextSendBox: CounterBox | undefined
  #nextRecvBox: CounterBox | undefined
  #previousBox: CounterBox | undefined

  constructor(publicKey: Uint8Array, recv: X25519KeyPair, send: X25519KeyPair, nxt: X25519KeyPair) {
    this.#keys.set(publicKey)
    this.publicKey = this.#keys.subarray(0, KEY_BYTES)
    this.#nxtPublic = this.#keys.subarray(NXT_PUBLIC, NXT_PUBLIC + KEY_BYTES)
    this.#keys.set(recv.privateKey, RECV)
    this.#keys.set(recv.publicKey, RECV_PUBLIC)
    this.#keys.set(send.privateKey, SEND)
    this.#keys.set(send.publicKey, SEND_PUBLIC)
    this.#setNxt(nxt)
  }

  /** Views of the two that an Init announces. */
  get announced(): { current: Uint8Array; next: Uint8Array } {
    return { current: this.#keys.subarray(SEND_PUBLIC, SEND_PUBLIC + KEY_BYTES), next: this.#nxtPublic }
  }

  isCurrent(key: Uint8Array): boolean {
    return isKeyAt(this.#keys, CURRENT, key)
  }

  isNext(key: Uint8Array): boolean {
    return isKeyAt(this.#keys, NEXT, key)
  }

  /** Whether this is a public key of ours, of now or of the last two turns. */
  isOurs(key: Uint8Array): boolean {
    return (
      isKeyAt(this.#keys, NXT_PUBLIC, key) ||
      isKeyAt(this.#keys, SEND_PUBLIC, key) ||
      isKeyAt(this.#keys, RECV_PUBLIC, key)
    )
  }

  /** They have announced their keys. Boxes of before are gone, all but {@link Pair.previous}. */
  setTheirs(current: Uint8Array, next: Uint8Array): void {
    this.#keys.set(current, CURRENT)
    this.#keys.set(next, NEXT)
  }

  /** They have turned their keys, and named what comes after the one that we know as their next. */
  keepPending(plain: Uint8Array): void {
    this.#keys.set(plain.subarray(0, KEY_BYTES), PENDING)
  }

  /** Know their keys as they are since that. */
  turnTheirs(): void {
    this.#keys.copyWithin(CURRENT, NEXT, NEXT + KEY_BYTES)
    this.#keys.copyWithin(NEXT, PENDING, PENDING + KEY_BYTES)
  }

  /** `Shift` of the protocol. Boxes of before are gone, all but {@link Pair.previous}. */
  turn(fresh: X25519KeyPair): void {
    this.#wipeBoxes()
    this.#keys.copyWithin(RECV, SEND, NXT + KEY_BYTES)
    this.#keys.copyWithin(RECV_PUBLIC, SEND_PUBLIC, NXT_PUBLIC + KEY_BYTES)
    this.#setNxt(fresh)
  }

  /** Keep our `recv`, with this key of theirs, as {@link Pair.previous}. */
  keepPrevious(theirs: Uint8Array): void {
    this.#previousBox?.wipe()
    this.#previousBox = undefined
    this.#keys.set(theirs, PREVIOUS)
    this.#keys.copyWithin(PREVIOUS + KEY_BYTES, RECV, RECV + KEY_BYTES)
  }

  /** What stands in front of a payload: our next key, and the prefix if there is one. A view. */
  front(prefix: number | undefined): Uint8Array {
    if (prefix === undefined) return this.#nxtPublic
    this.#keys[PREFIX] = prefix
    return (this.#prefixed ??= this.#keys.subarray(NXT_PUBLIC, PREFIX + 1))
  }

  /** @throws {CryptoError} `shared-secret` when their key is none that one can agree with */
  box(pair: Pair): CounterBox {
    switch (pair) {
      case Pair.recv:
        return (this.#recvBox ??= this.#derive(pair))
      case Pair.nextSend:
        return (this.#nextSendBox ??= this.#derive(pair))
      case Pair.nextRecv:
        return (this.#nextRecvBox ??= this.#derive(pair))
      case Pair.previous:
        return (this.#previousBox ??= this.#derive(pair))
      case Pair.send:
        return (this.#sendBox ??= this.#derive(pair))
    }
  }

  /** Forget all secrets. */
  wipe(): void {
    this.#wipeBoxes()
    this.#previousBox?.wipe()
    this.#previousBox = undefined
    this.#keys.fill(0, RECV)
  }

  #setNxt({ privateKey, publicKey }: X25519KeyPair): void {
    this.#keys.set(privateKey, NXT)
    this.#keys.set(publicKey, NXT_PUBLIC)
  }

  #derive(pair: Pair): CounterBox {
    const [theirs = CURRENT, ours = SEND] = PLACES[pair] ?? []
    // Views for this call only: the native build keeps an imported key for as long as the array that it came in.
    const sharedKey = boxSharedKey(
      this.#keys.subarray(ours, ours + KEY_BYTES),
      this.#keys.subarray(theirs, theirs + KEY_BYTES),
    )
    const box = createCounterBox(sharedKey)
    sharedKey.fill(0)
    return box
  }

  #wipeBoxes(): void {
    this.#recvBox?.wipe()
    this.#sendBox?.wipe()
    this.#nextSendBox?.wipe()
    this.#nextRecvBox?.wipe()
    this.#recvBox = this.#sendBox = this.#nextSendBox = this.#nextRecvBox = undefined
  }
}
