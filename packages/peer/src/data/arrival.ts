// An accepted stream of which nobody knows yet what it is for. Its first bytes say so, and may come one by one; what is
// behind them goes to whoever takes the stream then.
import { type ByteStream, type Clock, type StreamHandlers, TransportError } from '@mimirjs/transport'
import { StreamRole } from '@mimirjs/wire/peer'
import { concatBytes } from '../bytes.js'
import { type DeadlineWheel, NOT_WAITING, type Waiting } from '../deadline-wheel.js'
import { PeerError } from '../error.js'
import { addressGroup, networkOf } from '../remote-address.js'
import type { SessionTimers } from '../timers.js'
import type { Stranger } from '../waiting-room.js'
import { TOKEN_BYTES } from './data-token.js'
import { type DataRole, REVERSE_DATA_ROLE } from './stream-opener.js'

/** What is done with streams that have said what they are for. Each is told once, or `failed` is. */
export interface ArrivalHost {
  readonly clock: Clock
  readonly wheel: DeadlineWheel
  readonly timers: SessionTimers
  /** A control stream: start {@link Arrival.stream} from inside this call. */
  control(arrival: Arrival): void
  /**
   * A data stream: start {@link Arrival.stream} now or later, or let it {@link Arrival.fail}.
   * @param role - what we do on it
   * @param token - `undefined` where the network proves node keys
   */
  data(arrival: Arrival, role: DataRole, token: Uint8Array | undefined): void
  /** Somebody has started {@link Arrival.stream}. */
  taken(arrival: Arrival): void
  /** It ended before anybody took it. */
  failed(arrival: Arrival, error: PeerError): void
  /** It is closed, taken or not. */
  gone(arrival: Arrival): void
}

type Purpose = 'control' | DataRole

const NOTHING: Uint8Array = new Uint8Array(0)

export class Arrival implements StreamHandlers, Stranger, Waiting {
  wheelTick: number = NOT_WAITING
  readonly addressGroup: string
  readonly network: string
  /** What is behind the first bytes: a stream like any other, for whoever takes it. */
  readonly stream: ByteStream
  readonly #host: ArrivalHost
  readonly #inner: ByteStream
  readonly #dataOnly: boolean
  #deadlineMs: number | undefined
  #purpose: Purpose | undefined
  #token: Uint8Array = NOTHING
  /** Bytes of the token that have not come. */
  #missingBytes = 0
  /** Who took the stream. */
  #taker: StreamHandlers | undefined
  /** What came before they had it, or while they did not read. */
  #rest: Uint8Array = NOTHING
  #endCame = false
  #isDeciding = false
  #isPaused = false
  #isOver = false
  /** It is closed, and with what. */
  #end: { readonly error: TransportError | undefined } | undefined

  /** @param options - `dataOnly`: it must not be a control stream */
  constructor(host: ArrivalHost, stream: ByteStream, { dataOnly = false }: { readonly dataOnly?: boolean } = {}) {
    this.#host = host
    this.#inner = stream
    this.#dataOnly = dataOnly
    this.addressGroup = addressGroup(stream.remoteAddress)
    this.network = networkOf(stream.remoteAddress)
    this.stream = new Remainder(this, stream)
    this.#deadlineMs = host.clock.nowMs() + host.timers.roleMs
  }

  /** The other end, where the network proves it. */
  get nodeKey(): Uint8Array | undefined {
    return this.#inner.remotePublicKey
  }

  start(): void {
    this.#inner.start(this)
    this.#host.wheel.update(this)
  }

  /** Nobody wants it: close it, which is never done in silence. */
  fail(error: PeerError): void {
    if (this.#isOver || this.#taker !== undefined) return
    this.#isOver = true
    this.#await(undefined)
    this.#inner.abort(error)
    this.#host.failed(this, error)
  }

  /** Cut the stream, whoever has it: they are told that it closed, and nothing else. */
  abort(error?: Error): void {
    if (this.#taker === undefined) this.fail(new PeerError('aborted', 'a stream was cut before anybody took it'))
    this.#isOver = true
    this.#inner.abort(error)
  }

  get nextDeadlineMs(): number | undefined {
    return this.#deadlineMs
  }

  tick(): void {
    const what = this.#purpose === undefined ? 'did not say what it is for' : 'belongs to no connection'
    this.fail(new PeerError('timeout', `a stream ${what}`))
  }

  // --- the stream --------------------------------------------------------------------------------------------------

  data(chunk: Uint8Array): void {
    if (this.#isOver) return
    if (this.#taker === undefined && !this.#isDecided) this.#readHead(chunk)
    else if (this.#isReading) this.#taker?.data(chunk)
    else this.#rest = concatBytes([this.#rest, chunk])
  }

  end(): void {
    if (this.#isOver) return
    if (this.#taker === undefined && !this.#isDecided) {
      this.fail(new PeerError('ended', 'a stream ended before it said what it is for'))
    } else if (this.#isReading) this.#taker?.end()
    else this.#endCame = true
  }

  drain(): void {
    this.#taker?.drain()
  }

  closed(error?: TransportError): void {
    const wasOver = this.#isOver
    this.#isOver = true
    this.#end = { error }
    this.#await(undefined)
    this.#host.gone(this)
    if (this.#taker !== undefined) this.#taker.closed(error)
    else if (!wasOver) this.#host.failed(this, new PeerError('transport', 'a stream closed early', { cause: error }))
  }

  // --- its first bytes ---------------------------------------------------------------------------------------------

  get #isDecided(): boolean {
    return this.#purpose !== undefined && this.#missingBytes === 0
  }

  #readHead(chunk: Uint8Array): void {
    const role = chunk[0]
    if (role === undefined) return
    let at = 0
    if (this.#purpose === undefined) {
      const purpose = purposeOf(role, this.nodeKey !== undefined)
      if (purpose === undefined) {
        this.fail(new PeerError('unexpected-type', `a stream for ${role}, which is nothing`))
        return
      }
      if (purpose === 'control' && this.#dataOnly) {
        this.fail(new PeerError('unexpected-type', 'somebody wants to connect where we only dial'))
        return
      }
      this.#purpose = purpose
      at = 1
      if (purpose !== 'control' && this.nodeKey === undefined) {
        this.#token = new Uint8Array(TOKEN_BYTES)
        this.#missingBytes = TOKEN_BYTES
      }
    }
    const part = chunk.subarray(at, at + this.#missingBytes)
    this.#token.set(part, this.#token.length - this.#missingBytes)
    this.#missingBytes -= part.length
    if (this.#missingBytes === 0) this.#decide(this.#purpose, chunk.subarray(at + part.length))
  }

  #decide(purpose: Purpose, rest: Uint8Array): void {
    const { clock, timers } = this.#host
    this.#await(purpose === 'control' ? undefined : clock.nowMs() + timers.authMs)
    this.#isDeciding = true
    if (purpose === 'control') this.#host.control(this)
    else this.#host.data(this, purpose, this.nodeKey === undefined ? this.#token : undefined)
    this.#isDeciding = false
    if (this.#isOver) return
    if (this.#isReading) {
      if (rest.length > 0) this.#taker?.data(rest)
      return
    }
    this.#rest = rest.slice()
    this.#inner.pause()
  }

  // --- for whoever took it -----------------------------------------------------------------------------------------

  /** @internal */
  take(handlers: StreamHandlers): void {
    if (this.#taker !== undefined) throw new TransportError('misuse', 'start was called before on this stream')
    this.#taker = handlers
    const end = this.#end
    if (end !== undefined) {
      queueMicrotask(() => handlers.closed(end.error))
      return
    }
    this.#await(undefined)
    this.#host.taken(this)
    if (!this.#isDeciding) queueMicrotask(() => this.#goOn())
  }

  /** @internal */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused
    if (isPaused) this.#inner.pause()
    else if (this.#isReading) this.#inner.resume()
    else queueMicrotask(() => this.#goOn())
  }

  /** What comes is handed on at once: nothing waits in front of it. */
  get #isReading(): boolean {
    return this.#taker !== undefined && !this.#isPaused && this.#rest.length === 0 && !this.#endCame
  }

  #goOn(): void {
    const taker = this.#taker
    if (taker === undefined || this.#isOver || this.#isPaused || this.#isDeciding) return
    const rest = this.#rest
    this.#rest = NOTHING
    if (rest.length > 0) taker.data(rest)
    if (this.#isStopped()) return
    if (this.#endCame) {
      this.#endCame = false
      taker.end()
    } else this.#inner.resume()
  }

  /** A method, because the compiler believes that what it has seen does not change by calls. */
  #isStopped(): boolean {
    return this.#isOver || this.#isPaused
  }

  #await(deadlineMs: number | undefined): void {
    this.#deadlineMs = deadlineMs
    if (deadlineMs === undefined) this.#host.wheel.remove(this)
    else this.#host.wheel.update(this)
  }
}

function purposeOf(role: number, provesKeys: boolean): Purpose | undefined {
  switch (role) {
    case StreamRole.control:
      return 'control'
    case StreamRole.data:
      return 'read'
    case REVERSE_DATA_ROLE:
      return provesKeys ? undefined : 'write'
    default:
      return undefined
  }
}

/** A stream without its first bytes. */
class Remainder implements ByteStream {
  readonly remoteAddress: string
  readonly localAddress: string
  declare readonly remotePublicKey?: Uint8Array
  readonly #arrival: Arrival
  readonly #inner: ByteStream

  constructor(arrival: Arrival, inner: ByteStream) {
    this.#arrival = arrival
    this.#inner = inner
    this.remoteAddress = inner.remoteAddress
    this.localAddress = inner.localAddress
    if (inner.remotePublicKey !== undefined) this.remotePublicKey = inner.remotePublicKey
  }

  start(handlers: StreamHandlers): void {
    this.#arrival.take(handlers)
  }

  write(chunk: Uint8Array): boolean {
    return this.#inner.write(chunk)
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    return this.#inner.writeAll(chunks)
  }

  pause(): void {
    this.#arrival.setPaused(true)
  }

  resume(): void {
    this.#arrival.setPaused(false)
  }

  end(): void {
    this.#inner.end()
  }

  abort(error?: Error): void {
    this.#arrival.abort(error)
  }
}
