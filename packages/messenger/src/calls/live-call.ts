import type { Clock } from '@mimirjs/transport'
import { type CallAnswerFrame, DEFAULT_FRAME_LIMITS } from '@mimirjs/wire/peer'
import { MessengerError } from '../error.js'
import type { Call, CallEnd, CallEndReason, CallMedia, CallState, CallStats } from './call.js'
import { ACCEPT, BUSY_TEXT, busyAnswer, type CallFrame, type CallLine, DECLINE, HANG, say } from './call-line.js'
import { RESUME_MS, RING_MS } from './call-times.js'
import { PacketQueue } from './packet-queue.js'

export interface LiveCallContext {
  readonly clock: Clock
  /** When both call at once over two connections, one offer has to stand: ours, or theirs. */
  readonly oursStands: boolean
  /** The call has a connection, or ended: nobody need look for one any more. */
  onSettled(call: LiveCall): void
  /** The connection ended and ours was the offer: look for another. */
  onLineLost(call: LiveCall): void
  /** @param hadLine - the other side was told, or told us */
  onEnded(call: LiveCall, reason: CallEndReason, hadLine: boolean): void
}

const DEFAULT_QUEUE_PACKETS = 50
const MAX_QUEUE_PACKETS = 10_000

/**
 * One call, from the wish or the offer to its end, over one connection after the other if need be. It decides; whoever
 * has the connections tells it what came on them and gives it new ones. Source: peer protocol §9.3, current protocol §10.
 *
 * | it rings  | we called: an answer is awaited on the line, if there is one; they called: nothing is awaited |
 * | they talk | the same, while a lost line is being replaced; packets flow on a line where no answer is awaited |
 */
export class LiveCall implements Call {
  readonly peer: string
  readonly direction: Call['direction']
  readonly media: CallMedia
  readonly ringing: Promise<boolean>
  readonly answered: Promise<boolean>
  readonly ended: Promise<CallEnd>
  /** Somebody here took the call, or turned it down. */
  wasDecided = false
  /** It has had a connection. */
  wasPlaced = false
  readonly #context: LiveCallContext
  readonly #queue = new PacketQueue(DEFAULT_QUEUE_PACKETS)
  readonly #rings = deferred<boolean>()
  readonly #isAnswered = deferred<boolean>()
  readonly #hasEnded = deferred<CallEnd>()
  #state: CallState = 'ringing'
  #line: CallLine | undefined
  /** Our offer is on the line and has no answer. */
  #awaitsAnswer = false
  #sent = 0
  #received = 0
  #droppedOut = 0
  #cancelRing: (() => void) | undefined
  #cancelResume: (() => void) | undefined

  /** @param line - where the offer came from, in an incoming call */
  constructor(context: LiveCallContext, peer: string, media: CallMedia, line?: CallLine) {
    this.peer = peer
    this.direction = line === undefined ? 'outgoing' : 'incoming'
    this.media = media
    this.ringing = this.#rings.promise
    this.answered = this.#isAnswered.promise
    this.ended = this.#hasEnded.promise
    this.#context = context
    if (line === undefined) return
    this.#line = line
    this.#rings.resolve(true)
    this.#ring(DECLINE)
  }

  get state(): CallState {
    return this.#state
  }

  get stats(): CallStats {
    const [sent, received, droppedOut] = [this.#sent, this.#received, this.#droppedOut]
    return { sent, received, droppedOut, droppedIn: this.#queue.dropped }
  }

  accept(): void {
    this.#demandRinging('accepted')
    this.wasDecided = true
    // Without a line: the caller offers again, and that is accepted then.
    this.#talk()
    if (this.#line !== undefined) this.#acceptOn(this.#line)
  }

  decline(): void {
    this.#demandRinging('declined')
    this.wasDecided = true
    this.#finish('declined', DECLINE)
  }

  hangUp(): void {
    this.wasDecided = true
    this.#finish('hung-up', HANG)
  }

  send(packet: Uint8Array): boolean {
    if (!(packet instanceof Uint8Array)) throw new MessengerError('bad-content', 'expected the packet as bytes')
    if (packet.length > DEFAULT_FRAME_LIMITS.callPacketBytes) {
      const most = `the protocol carries at most ${DEFAULT_FRAME_LIMITS.callPacketBytes}`
      throw new MessengerError('too-large', `packet has ${packet.length} bytes, ${most}`)
    }
    const isSent = this.#state === 'talking' && !this.#awaitsAnswer && this.#say({ type: 'callPacket', data: packet })
    if (isSent) this.#sent++
    else this.#droppedOut++
    return isSent
  }

  packets({ limit }: { readonly limit?: number } = {}): AsyncGenerator<Uint8Array, void, void> {
    if (limit !== undefined) {
      const isPossible = Number.isInteger(limit) && limit >= 1 && limit <= MAX_QUEUE_PACKETS
      if (!isPossible) throw new RangeError(`limit ${limit}: expected a whole number from 1 to ${MAX_QUEUE_PACKETS}`)
      this.#queue.limit = limit
    }
    return this.#queue.read()
  }

  // --- what comes from outside ---------------------------------------------------------------------------------------

  /** Offer the call on this line, for the first time or in the place of one that is lost. @throws {PeerError} */
  offerOn(line: CallLine): void {
    // Left over from a call that nobody carries on.
    if (line.callState !== 'idle') line.sendCall(HANG)
    line.sendCall({ type: 'callOffer', ...this.media })
    this.#use(line)
    this.#awaitsAnswer = true
    line.probe().then(
      () => this.#rings.resolve(true),
      () => {}, // The end of the line is told apart.
    )
    if (this.#state === 'ringing') {
      this.#stopResume()
      if (this.#cancelRing === undefined) this.#ring(HANG)
    } else if (!line.extended) {
      // On an original a person has to answer again.
      this.#resumeWithin(RING_MS)
    }
  }

  /** The other side offers a call although this one goes on. */
  heardOffer(line: CallLine): void {
    if (this.direction === 'incoming') this.#offeredAgain(line)
    else if (this.#line === undefined || this.#awaitsAnswer) this.#bothCall(line)
    else say(line, busyAnswer(line))
  }

  /** Something came on a line of the other side; only the one that carries the call counts. */
  heard(line: CallLine, frame: CallFrame): void {
    if (line !== this.#line) return
    switch (frame.type) {
      case 'callAnswer':
        if (!this.#awaitsAnswer) return
        if (frame.accepted) this.#talk()
        else this.#finish(this.#refusalReason(frame))
        break
      case 'callHang':
        this.#finish('hung-up')
        break
      case 'callPacket':
        if (this.#state !== 'talking') return
        this.#received++
        this.#queue.push(frame.data.slice())
        break
      case 'callOffer':
        break
    }
  }

  lineClosed(line: CallLine): void {
    if (line !== this.#line) return
    this.#line = undefined
    this.#awaitsAnswer = false
    this.#resumeWithin(RESUME_MS)
    if (this.direction === 'outgoing') this.#context.onLineLost(this)
  }

  /** Nobody is here any more. */
  close(): void {
    this.#finish('hung-up', HANG)
  }

  /** It cannot go on, for a reason that is nobody's wish. */
  fail(): void {
    this.#finish('failed', HANG)
  }

  // --- two offers ----------------------------------------------------------------------------------------------------

  /** The caller came back, on a connection that replaces ours. */
  #offeredAgain(line: CallLine): void {
    if (this.#line !== undefined) this.#say(HANG)
    this.#use(line)
    this.#stopResume()
    if (this.#state === 'talking') this.#acceptOn(line)
  }

  /** Whoever calls wants to talk: nobody has to answer. */
  #bothCall(line: CallLine): void {
    if (this.#line !== undefined && this.#line !== line) {
      // Both of our kind come to the same view of which offer stands; the originals have none, and theirs does.
      if (line.extended && this.#context.oursStands) return
      this.#say(HANG)
    }
    this.#use(line)
    this.#talk()
    this.#acceptOn(line)
  }

  // --- steps ---------------------------------------------------------------------------------------------------------

  #use(line: CallLine): void {
    this.#line = line
    this.#awaitsAnswer = false
    this.wasPlaced = true
    this.#context.onSettled(this)
  }

  #talk(): void {
    this.#state = 'talking'
    this.#awaitsAnswer = false
    this.#cancelRing?.()
    if (this.#line !== undefined) this.#stopResume()
    this.#rings.resolve(true)
    this.#isAnswered.resolve(true)
  }

  #acceptOn(line: CallLine): void {
    if (!say(line, ACCEPT) && !line.closed) this.fail()
  }

  #ring(farewell: CallFrame): void {
    this.#cancelRing = this.#context.clock.schedule(() => this.#finish('no-answer', farewell), RING_MS)
  }

  #resumeWithin(limitMs: number): void {
    this.#stopResume()
    this.#cancelResume = this.#context.clock.schedule(() => this.#finish('lost', HANG), limitMs)
  }

  #stopResume(): void {
    this.#cancelResume?.()
    this.#cancelResume = undefined
  }

  #finish(reason: CallEndReason, farewell?: CallFrame): void {
    if (this.#state === 'ended') return
    const hadLine = this.#line !== undefined
    if (farewell !== undefined) this.#say(farewell)
    this.#state = 'ended'
    this.#line = undefined
    this.#cancelRing?.()
    this.#stopResume()
    this.#queue.end()
    this.#rings.resolve(false)
    this.#isAnswered.resolve(false)
    this.#hasEnded.resolve({ reason })
    this.#context.onSettled(this)
    this.#context.onEnded(this, reason, hadLine)
  }

  #refusalReason({ error }: CallAnswerFrame): CallEndReason {
    // They ended it while the line was down, and could say so only now.
    if (this.#state === 'talking') return 'hung-up'
    return error === BUSY_TEXT ? 'busy' : 'declined'
  }

  #say(frame: CallFrame): boolean {
    return this.#line !== undefined && say(this.#line, frame)
  }

  #demandRinging(wish: string): void {
    if (this.direction === 'incoming' && this.#state === 'ringing') return
    throw new MessengerError('call', `this call is ${this.direction} and ${this.#state}: it cannot be ${wish}`)
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
