import type { Peer } from './peers.js'
import { createAck, encodeReset, type FlowSegment, SegmentType, writeHead } from './segment.js'
import type { LastWords } from './types.js'

const NEVER = Number.POSITIVE_INFINITY
/** Longer than anybody repeats a FIN. */
const KEPT_MS = 60_000
const RESET_TRIES = 6
const RESET_PAUSE_MS = 100

/** One of them. */
export interface EndedStream {
  readonly peer: Peer
  readonly streamId: string
  readonly words: LastWords
  readonly forgetMs: number
  number: number
  resets: number
  resetMs: number
}

/**
 * Streams that have ended: repeats RESETs that are not answered yet, answers those who did not hear the last
 * acknowledgement, and keeps a late OPEN from making a stream anew. The oldest go first.
 */
export class EndedStreams {
  readonly #limit: number
  readonly #perPeerLimit: number
  readonly #send: (peer: Peer, payload: Uint8Array) => void
  /** Oldest first. */
  readonly #all = new Set<EndedStream>()
  /** Those with a RESET that is not answered. */
  readonly #resetting = new Set<EndedStream>()

  constructor(limit: number, perPeerLimit: number, send: (peer: Peer, payload: Uint8Array) => void) {
    this.#limit = limit
    this.#perPeerLimit = perPeerLimit
    this.#send = send
  }

  get deadlineMs(): number {
    let deadlineMs = NEVER
    for (const { resetMs } of this.#resetting) deadlineMs = Math.min(deadlineMs, resetMs)
    const [oldest] = this.#all
    return Math.min(deadlineMs, oldest?.forgetMs ?? NEVER)
  }

  add(peer: Peer, streamId: string, words: LastWords, nowMs: number): void {
    const ended: EndedStream = {
      peer,
      streamId,
      words,
      forgetMs: nowMs + KEPT_MS,
      number: words.number,
      resets: 0,
      resetMs: words.reset === undefined ? NEVER : nowMs,
    }
    if (peer.ended.size >= this.#perPeerLimit) this.#forgetFirst(peer.ended.values())
    else if (this.#all.size >= this.#limit) this.#forgetFirst(this.#all)
    peer.ended.set(streamId, ended)
    this.#all.add(ended)
    if (words.reset !== undefined) this.#resetting.add(ended)
  }

  /** @returns whether there was such a stream: then this was all there is to do about the segment */
  receive(peer: Peer, segment: FlowSegment): boolean {
    const ended = peer.ended.get(segment.streamId)
    if (ended === undefined) return false
    const { type } = segment
    if (ended.words.reset !== undefined) {
      if (type !== SegmentType.ack) this.#send(peer, encodeReset(ended.streamId, ended.words.reset))
    } else if (type === SegmentType.data || type === SegmentType.fin || type === SegmentType.ping) {
      const { offset, ack } = ended.words
      ended.number = (ended.number + 1) >>> 0
      const payload = createAck(ended.streamId, [])
      writeHead(payload, { number: ended.number, echo: segment.number, offset, ack, window: 0 })
      this.#send(peer, payload)
    }
    return true
  }

  /** `done` came. */
  resetDone(peer: Peer, streamId: string): void {
    const ended = peer.ended.get(streamId)
    if (ended !== undefined) this.#resetting.delete(ended)
  }

  advance(nowMs: number): void {
    for (const ended of this.#resetting) {
      if (ended.resetMs > nowMs || ended.words.reset === undefined) continue
      this.#send(ended.peer, encodeReset(ended.streamId, ended.words.reset))
      ended.resetMs = nowMs + RESET_PAUSE_MS * 2 ** ended.resets
      ended.resets++
      if (ended.resets >= RESET_TRIES) this.#resetting.delete(ended)
    }
    for (const ended of this.#all) {
      if (ended.forgetMs > nowMs) break
      this.#forget(ended)
    }
  }

  #forgetFirst(items: Iterable<EndedStream>): void {
    const [oldest] = items
    if (oldest !== undefined) this.#forget(oldest)
  }

  #forget(ended: EndedStream): void {
    ended.peer.ended.delete(ended.streamId)
    this.#all.delete(ended)
    this.#resetting.delete(ended)
  }
}
