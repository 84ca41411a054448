import { boxSharedKey, type CounterBox, createCounterBox, type X25519KeyPair } from '@mimirjs/crypto'
import { isKeyAt, KEY_BYTES, type KeyId, keyId } from '../key.js'
import type { SessionInfo } from '../node/types.js'
import { MIN_SESSION_TRAFFIC_BYTES } from '../wire/session.js'
import { head, readHead, writeHead } from './header.js'
import type { Announced } from './init.js'

// One session: keys, counters and the boxes made of them. yggdrasil protocol §8.4, §8.5.
//
// Both sides have three pairs of X25519 keys and know two public ones of the other. A side turns its keys (recv := send,
// send := nxt, nxt := new) when it hears that the other one has, so each packet that goes back and forth moves the two
// forward by one, at most once a minute. The numbers in front of a packet say which two keys it is sealed with: the
// receiver is never more than one step away, or it starts over with an Init.

/** A turn of the keys because of traffic waits for so long after the last one. yggdrasil protocol §8.5 */
const ROTATION_MS = 60_000
/** The reference starts at 2^64; nobody gets there. Before numbers stop being exact, the keys are turned. */
const LAST_NONCE = Number.MAX_SAFE_INTEGER

// All keys of a session in one array, for a node can have thousands of sessions: an array each would take more room
// than what is in it.
const CURRENT = 32
const NEXT = 64
const RECV = 96
const SEND = 128
const NXT = 160
const SEND_PUBLIC = 192
const NXT_PUBLIC = 224
/** The byte that stands behind the key and in front of a payload, when there is one. */
const PREFIX = 256
/** Their `current` and our `recv` of before the last Init or Ack. */
const PREVIOUS = 257
const RECORD_BYTES = PREVIOUS + 64

/** What was under way when an Init or Ack changed the keys is still opened for so long. */
const GRACE_MS = 10_000

/** Their key and ours that a message is sealed with: `none` of those that we have. */
const Keys = { none: 0, recv: 1, nextSend: 2, nextRecv: 3, previous: 4 } as const
type Keys = (typeof Keys)[keyof typeof Keys]

/** What became of a message: `ignored` was seen before or is none; `out-of-sync` was sealed with keys we do not have. */
export type Opened = Uint8Array | 'ignored' | 'out-of-sync'

/** The part of a session that hears of its traffic; the rest of what it may do is decided by `Sessions`. */
export class Session {
  readonly id: KeyId
  /** Ed25519, of the other side. */
  readonly publicKey: Uint8Array
  readonly sinceMs: number
  /** Last time something was sent or received. */
  usedMs: number
  /** Of the last Init or Ack from the other side. */
  theirSeq: number
  /** Of our last Init or Ack to it; 0 before the first. */
  ourSeq = 0
  /** When we last sent an Init. */
  initSentMs: number = Number.NEGATIVE_INFINITY
  /** Last time a packet was opened. */
  openedMs: number = Number.NEGATIVE_INFINITY
  /** First packet that we sent since the other side was heard; `Infinity`: it was heard since. */
  unansweredMs: number = Number.POSITIVE_INFINITY
  /** Until silence after a packet makes us ask, in ms. */
  patienceMs = 0
  /**
   * Since when each side has turned its keys without hearing that the other one has, as after Inits that crossed; else
   * `Infinity`. Packets are opened all the same, but here nobody may turn first: whoever does is two steps ahead of what
   * the other knows, and is not understood. (The reference turns, and needs an Init afterwards.) So the keys stay until
   * an Init has put things in order.
   */
  crossedMs: number = Number.POSITIVE_INFINITY
  /** What was written first waits until the other side knows our keys: see `Sessions`. */
  held = false
  rxBytes = 0
  txBytes = 0
  localKeySeq = 1
  remoteKeySeq: number
  #recvNonce = 0
  #sendNonce = 0
  #nextSendNonce = 0
  #nextRecvNonce = 0
  #rotatedMs = Number.NEGATIVE_INFINITY
  // Of before the last Init or Ack.
  #previousLocalKeySeq = Number.NEGATIVE_INFINITY
  #previousRemoteKeySeq = 0
  #previousNonce = 0
  #previousUntilMs = 0
  readonly #keys = new Uint8Array(RECORD_BYTES)
  /** A view of {@link #keys}: what every packet of ours begins with. */
  readonly #nxtPublic: Uint8Array
  /** The same, with the prefix. */
  #prefixed: Uint8Array | undefined
  // Each is derived when it is needed first: an Init alone must not cost four agreements.
  #recvBox: CounterBox | undefined
  #sendBox: CounterBox | undefined
  #nextSendBox: CounterBox | undefined
  #nextRecvBox: CounterBox | undefined
  #previousBox: CounterBox | undefined

  /**
   * As made from their Init or Ack and already updated by it: the keys have been turned once.
   * @param recv - what was our `send` when they made it: announced to them, if we had written to them
   */
  constructor(
    publicKey: Uint8Array,
    announced: Announced,
    recv: X25519KeyPair,
    send: X25519KeyPair,
    nxt: X25519KeyPair,
    nowMs: number,
  ) {
    this.#keys.set(publicKey)
    this.publicKey = this.#keys.subarray(0, KEY_BYTES)
    this.#nxtPublic = this.#keys.subarray(NXT_PUBLIC, NXT_PUBLIC + KEY_BYTES)
    this.id = keyId(publicKey)
    this.sinceMs = nowMs
    this.usedMs = nowMs
    this.#keys.set(announced.current, CURRENT)
    this.#keys.set(announced.next, NEXT)
    this.theirSeq = announced.seq
    this.remoteKeySeq = announced.keySeq
    this.#keys.set(recv.privateKey, RECV)
    this.#keys.set(send.privateKey, SEND)
    this.#keys.set(send.publicKey, SEND_PUBLIC)
    this.#setNxt(nxt)
  }

  /** What our next Init or Ack says. @param seq - see `nextSeq` */
  announce(seq: number): Announced {
    this.ourSeq = seq
    return {
      current: this.#keys.subarray(SEND_PUBLIC, SEND_PUBLIC + KEY_BYTES),
      next: this.#keys.subarray(NXT_PUBLIC, NXT_PUBLIC + KEY_BYTES),
      keySeq: this.localKeySeq,
      seq: this.ourSeq,
    }
  }

  /** An Init or Ack of theirs that is newer than the last one. */
  update(announced: Announced, fresh: X25519KeyPair, nowMs: number): void {
    // A pair of keys that was received with stays what it is under another name, and so does what was seen under it:
    // else everything recorded from the wire could be sent to us once more after each Init.
    const recvNonce = isKeyAt(this.#keys, NEXT, announced.current) ? this.#nextSendNonce : 0
    const nextRecvNonce = isKeyAt(this.#keys, NEXT, announced.next) ? this.#nextSendNonce : 0
    this.#keys.copyWithin(PREVIOUS, CURRENT, CURRENT + KEY_BYTES)
    this.#keys.copyWithin(PREVIOUS + KEY_BYTES, RECV, RECV + KEY_BYTES)
    this.#previousLocalKeySeq = this.localKeySeq
    this.#previousRemoteKeySeq = this.remoteKeySeq
    this.#previousNonce = this.#recvNonce
    this.#previousUntilMs = nowMs + GRACE_MS
    this.#previousBox?.wipe()
    this.#previousBox = undefined
    this.#keys.set(announced.current, CURRENT)
    this.#keys.set(announced.next, NEXT)
    this.theirSeq = announced.seq
    this.remoteKeySeq = announced.keySeq
    this.#turn(fresh)
    this.#recvNonce = recvNonce
    this.#nextRecvNonce = nextRecvNonce
    this.#nextSendNonce = 0
    this.crossedMs = Number.POSITIVE_INFINITY
    this.usedMs = nowMs
  }

  /**
   * Seal a packet into `out` at `offset`, which has room for {@link MAX_HEAD_BYTES} + 49 + the payload.
   * @param prefix - a byte in front of the payload; `undefined`: none
   * @returns the offset behind it
   * @throws {CryptoError} `shared-secret` when their key is none that one can agree with
   */
  seal(
    out: Uint8Array,
    offset: number,
    prefix: number | undefined,
    payload: Uint8Array,
    fresh: () => X25519KeyPair,
  ): number {
    if (this.#sendNonce === LAST_NONCE) {
      this.#turn(fresh())
      this.#recvNonce = 0
      this.#sendNonce = 0
      this.#nextSendNonce = 0
      this.#nextRecvNonce = 0
    }
    this.#sendBox ??= this.#box(CURRENT, SEND)
    const nonce = ++this.#sendNonce
    const at = writeHead(out, offset, this.localKeySeq, this.remoteKeySeq, nonce)
    this.txBytes += payload.length
    const front = prefix === undefined ? this.#nxtPublic : this.#nxtPublicAnd(prefix)
    return at + this.#sendBox.sealInto(out, at, BigInt(nonce), front, payload)
  }

  /**
   * Open a traffic message, and turn the keys when it is time to.
   * @param keep - copies the plaintext (their next key, then the payload), which is gone after this call
   */
  open(message: Uint8Array, keep: (plain: Uint8Array) => Uint8Array, fresh: () => X25519KeyPair, nowMs: number): Opened {
    if (message.length < MIN_SESSION_TRAFFIC_BYTES) return 'ignored'
    const at = readHead(message)
    if (at < 0) return 'ignored'
    const { nonce } = head
    const keys = this.#keysOf(nowMs)
    if (keys === Keys.none) return 'out-of-sync'
    if (nonce <= this.#seen(keys)) return 'ignored'
    let opened: Uint8Array | undefined
    try {
      opened = this.#boxOf(keys).open(BigInt(nonce), message.subarray(at))
    } catch {
      // They announced a key that nobody can agree with: nothing they seal can be opened.
      return 'ignored'
    }
    if (opened === undefined) return 'out-of-sync'
    const plain = keep(opened)
    this.#see(keys, nonce)
    if (keys !== Keys.nextRecv) this.crossedMs = Number.POSITIVE_INFINITY
    else if (this.crossedMs === Number.POSITIVE_INFINITY) this.crossedMs = nowMs
    if (keys === Keys.nextSend && nowMs - this.#rotatedMs > ROTATION_MS) this.#rotate(plain, nonce, fresh(), nowMs)
    this.usedMs = nowMs
    this.openedMs = nowMs
    this.rxBytes += plain.length - KEY_BYTES
    return plain
  }

  info(): SessionInfo {
    const { sinceMs, usedMs, rxBytes, txBytes, localKeySeq, remoteKeySeq } = this
    return { publicKey: this.publicKey.slice(), sinceMs, usedMs, rxBytes, txBytes, localKeySeq, remoteKeySeq }
  }

  /** Forget all secrets. */
  wipe(): void {
    this.#wipeBoxes()
    this.#previousBox?.wipe()
    this.#previousBox = undefined
    this.#keys.fill(0, RECV)
  }

  #nxtPublicAnd(prefix: number): Uint8Array {
    this.#keys[PREFIX] = prefix
    return (this.#prefixed ??= this.#keys.subarray(NXT_PUBLIC, PREFIX + 1))
  }

  /** Which keys the message whose numbers are in {@link head} is sealed with. */
  #keysOf(nowMs: number): Keys {
    const ahead = head.senderKeySeq - this.remoteKeySeq
    const behind = this.localKeySeq - head.receiverKeySeq
    if (ahead === 0 && behind === 1) return Keys.recv
    if (ahead === 1 && behind === 0) return Keys.nextSend
    if (ahead === 1 && behind === 1) return Keys.nextRecv
    const previous =
      head.senderKeySeq === this.#previousRemoteKeySeq && this.#previousLocalKeySeq - head.receiverKeySeq === 1
    return previous && nowMs < this.#previousUntilMs ? Keys.previous : Keys.none
  }

  /** The highest nonce under these keys. */
  #seen(keys: Keys): number {
    if (keys === Keys.recv) return this.#recvNonce
    if (keys === Keys.nextSend) return this.#nextSendNonce
    return keys === Keys.nextRecv ? this.#nextRecvNonce : this.#previousNonce
  }

  #see(keys: Keys, nonce: number): void {
    if (keys === Keys.recv) this.#recvNonce = nonce
    else if (keys === Keys.nextSend) this.#nextSendNonce = nonce
    else if (keys === Keys.nextRecv) this.#nextRecvNonce = nonce
    else this.#previousNonce = nonce
  }

  /** @throws {CryptoError} `shared-secret` */
  #boxOf(keys: Keys): CounterBox {
    if (keys === Keys.recv) return (this.#recvBox ??= this.#box(CURRENT, RECV))
    if (keys === Keys.nextSend) return (this.#nextSendBox ??= this.#box(NEXT, SEND))
    if (keys === Keys.nextRecv) return (this.#nextRecvBox ??= this.#box(NEXT, RECV))
    return (this.#previousBox ??= this.#box(PREVIOUS, PREVIOUS + KEY_BYTES))
  }

  #rotate(plain: Uint8Array, nonce: number, fresh: X25519KeyPair, nowMs: number): void {
    this.#keys.copyWithin(CURRENT, NEXT, NEXT + KEY_BYTES)
    this.#keys.set(plain.subarray(0, KEY_BYTES), NEXT)
    this.remoteKeySeq++
    this.#turn(fresh)
    this.#recvNonce = nonce
    this.#sendNonce = 0
    this.#nextSendNonce = 0
    this.#nextRecvNonce = 0
    this.#rotatedMs = nowMs
  }

  /** `Shift` of the protocol, and all boxes anew. */
  #turn(fresh: X25519KeyPair): void {
    this.#wipeBoxes()
    this.#keys.copyWithin(RECV, SEND, NXT + KEY_BYTES)
    this.#keys.copyWithin(SEND_PUBLIC, NXT_PUBLIC, NXT_PUBLIC + KEY_BYTES)
    this.#setNxt(fresh)
    this.localKeySeq++
  }

  #setNxt({ privateKey, publicKey }: X25519KeyPair): void {
    this.#keys.set(privateKey, NXT)
    this.#keys.set(publicKey, NXT_PUBLIC)
  }

  /** The box between one of their keys and one of ours. */
  #box(theirs: number, ours: number): CounterBox {
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
