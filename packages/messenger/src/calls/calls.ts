import type { Clock } from '@mimirjs/transport'
import type { Generation } from '@mimirjs/wire'
import { DEFAULT_FRAME_LIMITS } from '@mimirjs/wire/peer'
import { MessengerError } from '../error.js'
import { FEATURES, unsupported } from '../features.js'
import type { Call, CallEndReason, CallMedia, CallOptions, MissedCall } from './call.js'
import { busyAnswer, type CallFrame, type CallLine, DECLINE, say } from './call-line.js'
import { REACH_MS, RESUME_MS } from './call-times.js'
import { LineSearch } from './line-search.js'
import { LiveCall } from './live-call.js'

export interface CallsContext {
  readonly clock: Clock
  readonly generation: Generation
  /** Ours, 64 lower-case hex digits. */
  readonly publicKey: string
  /** How many calls may go on at the same time; who offers one more is told that we are busy. */
  readonly maxCalls: number
  /** READY connections to a peer, the newest first. */
  lines(peer: string): readonly CallLine[]
  /** Make one; rejects when no address leads to the peer. */
  dial(peer: string, signal: AbortSignal): Promise<unknown>
  /** We do not talk to this peer. */
  isBlocked(peer: string): boolean
  /** Hand an incoming call to the application. @returns whether anybody listens */
  onCall(call: Call): boolean
  /** Somebody called in vain. */
  onMissed(missed: MissedCall): void
}

/** What the originals offer. Source: current protocol §10. */
const DEFAULT_MEDIA: CallMedia = { mimeType: 'audio/aac', sampleRate: 44_100, channelCount: 1 }
/** Rings of one person in so much time; more are declined, and leave no trace. */
const RINGS = 10
const RINGS_MS = 60_000
/** People whose rings are counted at a time. */
const MAX_RINGING = 1_024
const NOT_REACHABLE = `not reachable: no connection answered within ${REACH_MS / 1_000} s`

/**
 * The calls of a messenger, one per person at most. It knows which call a frame belongs to, who is busy, and where a call
 * gets its connection from; what a call does is its own business.
 */
export class Calls {
  readonly #context: CallsContext
  readonly #calls = new Map<string, LiveCall>()
  /** Calls that look for a connection. */
  readonly #searches = new Map<LiveCall, { readonly search: LineSearch; readonly over: AbortController }>()
  /** Who may come back to a call that we ended while its line was down; with what forgets them. */
  readonly #gone = new Map<string, () => void>()
  /** When each person began to ring, and how often since. */
  readonly #rings = new Map<string, { sinceMs: number; count: number }>()
  #closed = false

  constructor(context: CallsContext) {
    this.#context = context
  }

  /**
   * Call a person. Resolves when the offer is written on a connection that has just answered.
   * @throws {MessengerError} `unsupported` | `closed` | `blocked` | `bad-content` | `call` | `aborted`
   */
  async call(peer: string, { signal, ...wanted }: CallOptions = {}): Promise<Call> {
    const media = { ...DEFAULT_MEDIA, ...wanted }
    this.#demandPossible(peer, media, signal)
    const call = this.#create(peer, media)
    const failure = await this.#seek(call, REACH_MS, signal)
    if (call.wasPlaced) return call
    this.#forget(call)
    if (this.#closed) throw new MessengerError('closed', 'the messenger was closed before the call was placed')
    if (signal?.aborted) throw new MessengerError('aborted', 'the call was given up', { cause: signal.reason })
    const what = call.state === 'ended' ? 'the offer could not be written' : NOT_REACHABLE
    const why = failure instanceof Error ? `: ${failure.message}` : ''
    throw new MessengerError('call', `no call with ${peer}, ${what}${why}`, { cause: failure })
  }

  /** A connection to this peer became READY. */
  connected(peer: string): void {
    const call = this.#calls.get(peer)
    if (call !== undefined) this.#searches.get(call)?.search.wake()
  }

  /** A call frame came; an offer, if the peer may talk to us. */
  heard(peer: string, line: CallLine, frame: CallFrame): void {
    if (frame.type === 'callOffer') this.#offered(peer, line, frame)
    else this.#calls.get(peer)?.heard(line, frame)
  }

  /** A connection to this peer ended. */
  lineClosed(peer: string, line: CallLine): void {
    this.#calls.get(peer)?.lineClosed(line)
  }

  /** End the call with this peer, if there is one. */
  drop(peer: string): void {
    this.#calls.get(peer)?.hangUp()
  }

  /** End all calls. */
  close(): void {
    this.#closed = true
    for (const call of [...this.#calls.values()]) call.close()
    for (const forget of [...this.#gone.values()]) forget()
  }

  #demandPossible(peer: string, media: CallMedia, signal: AbortSignal | undefined): void {
    const { generation, maxCalls } = this.#context
    if (this.#closed) throw new MessengerError('closed', 'the messenger is closed')
    if (!FEATURES[generation].calls) throw unsupported(generation, 'calls', 'calls')
    if (this.#context.isBlocked(peer)) throw new MessengerError('blocked', `${peer} is blocked: addContact undoes that`)
    checkMedia(media)
    if (signal?.aborted) throw new MessengerError('aborted', 'the call was given up', { cause: signal.reason })
    if (this.#calls.has(peer)) throw new MessengerError('call', `a call with ${peer} goes on: end it first`)
    if (this.#calls.size >= maxCalls)
      throw new MessengerError('call', `as many calls go on as allowed (maxCalls ${maxCalls}): end one first`)
  }

  #create(peer: string, media: CallMedia, line?: CallLine): LiveCall {
    const atMs = this.#context.clock.nowMs()
    const call = new LiveCall(
      {
        clock: this.#context.clock,
        oursStands: this.#context.publicKey < peer,
        onSettled: (settled) => this.#searches.get(settled)?.over.abort(),
        onLineLost: (lost) => void this.#seek(lost, RESUME_MS),
        onEnded: (ended, reason, hadLine) => this.#ended(ended, reason, hadLine, atMs),
      },
      peer,
      media,
      line,
    )
    this.#calls.set(peer, call)
    return call
  }

  /** Until the call has a connection, or has ended, or the time is up. @returns what went wrong last */
  async #seek(call: LiveCall, limitMs: number, signal?: AbortSignal): Promise<unknown> {
    const { clock, lines, dial } = this.#context
    const over = new AbortController()
    const search = new LineSearch({
      clock,
      lines: () => lines(call.peer),
      dial: (dialSignal) => dial(call.peer, dialSignal),
    })
    const giveUp = (): void => over.abort()
    const cancel = clock.schedule(giveUp, limitMs)
    signal?.addEventListener('abort', giveUp)
    const entry = { search, over }
    this.#searches.set(call, entry)
    let failure: unknown
    while (!over.signal.aborted) {
      const line = await search.find(over.signal)
      if (line === undefined) continue
      try {
        call.offerOn(line)
      } catch (error) {
        failure = error
        // If it ended in this very moment there may be another.
        if (!line.closed) call.fail()
      }
    }
    cancel()
    signal?.removeEventListener('abort', giveUp)
    if (this.#searches.get(call) === entry) this.#searches.delete(call)
    return failure ?? search.failure
  }

  #offered(peer: string, line: CallLine, offer: CallMedia): void {
    const gone = this.#gone.get(peer)
    const call = this.#calls.get(peer)
    if (call !== undefined) call.heardOffer(line)
    else if (this.#closed || gone !== undefined) {
      gone?.()
      say(line, DECLINE)
    } else if (this.#ringsTooOften(peer)) say(line, DECLINE)
    else if (this.#calls.size >= this.#context.maxCalls) {
      say(line, busyAnswer(line))
      this.#missed(peer, this.#context.clock.nowMs())
    } else this.#ring(peer, line, offer)
  }

  /** Each ring calls the application, and may be written down. */
  #ringsTooOften(peer: string): boolean {
    const nowMs = this.#context.clock.nowMs()
    const rings = this.#rings.get(peer)
    if (rings !== undefined && nowMs - rings.sinceMs < RINGS_MS) return ++rings.count > RINGS
    if (this.#rings.size >= MAX_RINGING) this.#rings.clear()
    this.#rings.set(peer, { sinceMs: nowMs, count: 1 })
    return false
  }

  #ring(peer: string, line: CallLine, { mimeType, sampleRate, channelCount }: CallMedia): void {
    const call = this.#create(peer, { mimeType, sampleRate, channelCount }, line)
    if (this.#context.onCall(call) || call.state !== 'ringing') return
    // Nobody here takes calls: better said than left ringing.
    call.decline()
    this.#missed(peer, this.#context.clock.nowMs())
  }

  #missed(peer: string, atMs: number): void {
    this.#context.onMissed({ peer, at: new Date(atMs) })
  }

  #ended(call: LiveCall, reason: CallEndReason, hadLine: boolean, atMs: number): void {
    this.#forget(call)
    if (call.direction === 'outgoing') return
    if (!call.wasDecided) this.#missed(call.peer, atMs)
    if (hadLine || reason === 'lost' || this.#closed) return
    this.#gone.get(call.peer)?.()
    const cancel = this.#context.clock.schedule(() => this.#gone.delete(call.peer), RESUME_MS)
    this.#gone.set(call.peer, () => {
      cancel()
      this.#gone.delete(call.peer)
    })
  }

  #forget(call: LiveCall): void {
    if (this.#calls.get(call.peer) === call) this.#calls.delete(call.peer)
  }
}

/** @throws {MessengerError} `bad-content` */
function checkMedia({ mimeType, sampleRate, channelCount }: CallMedia): void {
  const { mimeTypeBytes } = DEFAULT_FRAME_LIMITS
  const typeBytes = typeof mimeType === 'string' ? new TextEncoder().encode(mimeType).length : 0
  if (typeBytes < 1 || typeBytes > mimeTypeBytes)
    throw new MessengerError('bad-content', `mimeType: expected a text of 1 to ${mimeTypeBytes} bytes`)
  for (const [name, value] of Object.entries({ sampleRate, channelCount })) {
    if (!Number.isInteger(value) || value < 1 || value > 0x7fffffff)
      throw new MessengerError('bad-content', `${name} ${String(value)}: expected a whole number from 1 to 2147483647`)
  }
}
