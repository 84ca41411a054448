import type { X25519KeyPair } from '@mimirjs/crypto'
import { KEY_BYTES, type KeyId, keyId } from '../key.js'
import type { SessionInfo } from '../node/types.js'
import { MIN_SESSION_TRAFFIC_BYTES } from '../wire/session.js'
import { head, readHead, writeHead } from './header.js'
import type { Announced } from './init.js'
import { KeyRing, Pair } from './key-ring.js'

// One session: keys and counters. yggdrasil protocol §8.4, §8.5.
//
// Both sides have three pairs of X25519 keys and know two public ones of the other. A side turns its keys (recv := send,
// send := nxt, nxt := new) when it hears that the other one has, so each packet that goes back and forth moves the two
// forward by one, at most once a minute. The numbers in front of a packet say which two keys it is sealed with: the
// receiver is never more than one step away, or it starts over with an Init.

/** A turn of the keys because of traffic waits for so long after the last one. yggdrasil protocol §8.5 */
const ROTATION_MS = 60_000
/** While the answer to an Init is on its way, which turns the keys too, they are not turned for another reason. */
const ANSWER_MS = 3000
/** What was under way when an Init or Ack changed the keys is still opened for so long. */
const GRACE_MS = 10_000
/**
 * The order in which a sender uses keys: one that has begun with newer ones does not go back. So what comes under older
 * ones then was overtaken, and is dropped as a lower number under the same keys would be. yggdrasil protocol §8.6
 */
const TURN: Readonly<Record<Pair, number>> = {
  [Pair.previous]: 0,
  [Pair.recv]: 1,
  [Pair.nextRecv]: 2,
  [Pair.nextSend]: 3,
  // Nobody but us seals with it.
  [Pair.send]: Number.NEGATIVE_INFINITY,
}
/** See {@link Session.patienceMs}. */
const PATIENCE_MS = 2000
/** The reference starts again behind 2^64; nobody gets there. Before numbers stop being exact, the keys are turned. */
const LAST_NONCE: number = Number.MAX_SAFE_INTEGER

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
  /** Of our last Init or Ack to it; 0 before the first. */
  ourSeq = 0
  /** When we last sent an Init. */
  initSentMs: number = Number.NEGATIVE_INFINITY
  /** The same, until their Ack comes. */
  askedMs: number = Number.NEGATIVE_INFINITY
  /** Last time a packet was opened. */
  openedMs: number = Number.NEGATIVE_INFINITY
  /** First packet that we sent since the other side was heard; `Infinity`: it was heard since. */
  unansweredMs: number = Number.POSITIVE_INFINITY
  /** How long silence after a packet is borne, in ms; grows while nothing but Acks is heard. */
  patienceMs: number = PATIENCE_MS
  /**
   * Since when each side has turned its keys without hearing that the other one has, as after Inits that crossed; else
   * `Infinity`. Packets are opened all the same, but here nobody may turn first: whoever does is two steps ahead of what
   * the other knows, and is not understood. (The reference turns, and needs an Init afterwards.) So the keys stay until
   * an Init has put things in order.
   */
  crossedMs: number = Number.POSITIVE_INFINITY
  /** What was written first waits until the other side knows our keys: see `Sessions`. */
  held = false
  readonly #ring: KeyRing
  /** Of the last Init or Ack from the other side. */
  #theirSeq: number
  #rxBytes = 0
  #txBytes = 0
  #localKeySeq = 1
  #remoteKeySeq: number
  #recvNonce = 0
  #sendNonce = 0
  #nextSendNonce = 0
  #nextRecvNonce = 0
  #turnedMs = Number.NEGATIVE_INFINITY
  /** Of the newest keys that a packet came under, in {@link TURN}. */
  #heardTurn = 0
  // Of before the last Init or Ack.
  #previousLocalKeySeq = Number.NEGATIVE_INFINITY
  #previousRemoteKeySeq = 0
  #previousNonce = 0
  #previousUntilMs = 0

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
    this.#ring = new KeyRing(publicKey, recv, send, nxt)
    this.#ring.setTheirs(announced.current, announced.next)
    this.publicKey = this.#ring.publicKey
    this.id = keyId(publicKey)
    this.sinceMs = nowMs
    this.usedMs = nowMs
    this.#theirSeq = announced.seq
    this.#remoteKeySeq = announced.keySeq
  }

  /** What our next Init or Ack says. */
  announce(seq: number): Announced {
    this.ourSeq = seq
    return { ...this.#ring.announced, keySeq: this.#localKeySeq, seq }
  }

  /**
   * Whether an Init or Ack is newer than the last one. The originals number all of one second alike. When we have asked,
   * their count of keys tells: to ignore the answer would cost what we send until the next second.
   */
  isNews({ seq, keySeq }: Announced): boolean {
    if (seq !== this.#theirSeq) return seq > this.#theirSeq
    return this.askedMs !== Number.NEGATIVE_INFINITY && keySeq > this.#remoteKeySeq
  }

  /** An Init or Ack of theirs that is newer than the last one. */
  update({ current, next, seq, keySeq }: Announced, fresh: X25519KeyPair, nowMs: number): void {
    const ring = this.#ring
    // A pair of keys that was received with stays what it is under another name, and so does what was seen under it:
    // else everything recorded from the wire could be sent to us once more after each Init.
    const hasTurned = ring.isNext(current)
    const recvNonce = hasTurned ? this.#nextSendNonce : 0
    const nextRecvNonce = ring.isNext(next) ? this.#nextSendNonce : 0
    const previous = hasTurned ? Pair.nextRecv : ring.isCurrent(current) ? Pair.recv : undefined
    this.#previousNonce = previous === undefined ? 0 : this.#seen(previous)
    const isOvertaken = previous !== undefined && this.#heardTurn > TURN[previous]
    this.#heardTurn = isOvertaken ? TURN[Pair.recv] : TURN[Pair.previous]
    this.#previousLocalKeySeq = this.#localKeySeq
    this.#previousRemoteKeySeq = keySeq
    this.#previousUntilMs = nowMs + GRACE_MS
    ring.keepPrevious(current)
    ring.setTheirs(current, next)
    ring.turn(fresh)
    this.#localKeySeq++
    this.#remoteKeySeq = keySeq
    this.#theirSeq = seq
    this.#fix(recvNonce, this.#sendNonce)
    this.#nextRecvNonce = nextRecvNonce
    this.crossedMs = Number.POSITIVE_INFINITY
    this.unansweredMs = Number.POSITIVE_INFINITY
    this.usedMs = nowMs
  }

  /**
   * They have turned their keys, as packets told: turn ours. Before an Init this is done in any case: with it they turn
   * theirs again, and what is under way to them would be sealed with keys that they no longer have.
   */
  catchUp(fresh: () => X25519KeyPair, nowMs: number): void {
    if (this.#nextSendNonce === 0) return
    this.#ring.turnTheirs()
    this.#ring.turn(fresh())
    this.#remoteKeySeq++
    this.#localKeySeq++
    this.#fix(this.#nextSendNonce, 0)
    this.#heardTurn = TURN[Pair.recv]
    this.#turnedMs = nowMs
  }

  /** A packet of theirs came. */
  heard(): void {
    this.unansweredMs = Number.POSITIVE_INFINITY
    this.patienceMs = PATIENCE_MS
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
    const ring = this.#ring
    if (this.#sendNonce === LAST_NONCE) {
      ring.turn(fresh())
      this.#localKeySeq++
      this.#fix(0, 0)
    }
    const box = ring.box(Pair.send)
    const nonce = ++this.#sendNonce
    const at = writeHead(out, offset, this.#localKeySeq, this.#remoteKeySeq, nonce)
    this.#txBytes += payload.length
    return at + box.sealInto(out, at, BigInt(nonce), ring.front(prefix), payload)
  }

  /**
   * Open a traffic message, and turn the keys when it is time to.
   * @param keep - copies the plaintext (their next key, then the payload), which is gone after this call
   */
  open(
    message: Uint8Array,
    keep: (plain: Uint8Array) => Uint8Array,
    fresh: () => X25519KeyPair,
    nowMs: number,
  ): Opened {
    if (message.length < MIN_SESSION_TRAFFIC_BYTES) return 'ignored'
    const at = readHead(message)
    if (at < 0) return 'ignored'
    const { nonce } = head
    const pair = this.#pairOf(nowMs)
    if (pair === undefined) return 'out-of-sync'
    if (TURN[pair] < this.#heardTurn || nonce <= this.#seen(pair)) return 'ignored'
    let opened: Uint8Array | undefined
    try {
      opened = this.#ring.box(pair).open(BigInt(nonce), message.subarray(at))
    } catch {
      // They announced a key that nobody can agree with: nothing they seal can be opened.
      return 'ignored'
    }
    if (opened === undefined) return 'out-of-sync'
    // A packet of ours that somebody sends back: two keys make the same box in both directions, so our `send` of before
    // an Init, being our `recv` after it, opens what it has sealed. What is in it tells.
    if (this.#ring.isOurs(opened)) return 'ignored'
    const plain = keep(opened)
    this.#see(pair, nonce)
    this.#heardTurn = TURN[pair]
    if (pair !== Pair.nextRecv) this.crossedMs = Number.POSITIVE_INFINITY
    else if (this.crossedMs === Number.POSITIVE_INFINITY) this.crossedMs = nowMs
    if (pair === Pair.nextSend) {
      this.#ring.keepPending(plain)
      const mayTurn = nowMs - this.#turnedMs > ROTATION_MS && nowMs - this.askedMs > ANSWER_MS
      if (mayTurn) this.catchUp(fresh, nowMs)
    }
    this.usedMs = nowMs
    this.openedMs = nowMs
    this.#rxBytes += plain.length - KEY_BYTES
    return plain
  }

  info(): SessionInfo {
    return {
      publicKey: this.publicKey.slice(),
      sinceMs: this.sinceMs,
      usedMs: this.usedMs,
      rxBytes: this.#rxBytes,
      txBytes: this.#txBytes,
      localKeySeq: this.#localKeySeq,
      remoteKeySeq: this.#remoteKeySeq,
    }
  }

  /** Forget all secrets. */
  wipe(): void {
    this.#ring.wipe()
  }

  /** Which keys the message whose numbers are in {@link head} is sealed with. */
  #pairOf(nowMs: number): Pair | undefined {
    const ahead = head.senderKeySeq - this.#remoteKeySeq
    const behind = this.#localKeySeq - head.receiverKeySeq
    if (ahead === 0 && behind === 1) return Pair.recv
    if (ahead === 1 && behind === 0) return Pair.nextSend
    if (ahead === 1 && behind === 1) return Pair.nextRecv
    const isPrevious =
      head.senderKeySeq === this.#previousRemoteKeySeq && this.#previousLocalKeySeq - head.receiverKeySeq === 1
    return isPrevious && nowMs < this.#previousUntilMs ? Pair.previous : undefined
  }

  /** The highest nonce under these keys. */
  #seen(pair: Pair): number {
    if (pair === Pair.recv) return this.#recvNonce
    if (pair === Pair.nextSend) return this.#nextSendNonce
    return pair === Pair.nextRecv ? this.#nextRecvNonce : this.#previousNonce
  }

  #see(pair: Pair, nonce: number): void {
    if (pair === Pair.recv) this.#recvNonce = nonce
    else if (pair === Pair.nextSend) this.#nextSendNonce = nonce
    else if (pair === Pair.nextRecv) this.#nextRecvNonce = nonce
    else this.#previousNonce = nonce
  }

  /** `Fix` of the protocol; the boxes are made when they are needed. */
  #fix(recvNonce: number, sendNonce: number): void {
    this.#recvNonce = recvNonce
    this.#sendNonce = sendNonce
    this.#nextSendNonce = 0
    this.#nextRecvNonce = 0
  }
}
