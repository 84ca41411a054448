import type { Clock, Logger } from '@mimirjs/transport'
import { isYggdrasilError, YggdrasilError } from '../error.js'
import type { LinkLimits } from '../limits.js'
import { KEEP_ALIVE_FRAME, PacketType } from '../wire/frame.js'
import { FrameReader } from '../wire/frame-reader.js'
import { type Acquaintance, type HandshakeOptions, LinkHandshake } from './handshake.js'
import { LinkInput } from './input.js'
import { Liveness } from './liveness.js'
import { LinkOutput } from './output.js'
import type { TurnMember, TurnQueue } from './turn.js'
import type { Link, LinkSink, RawLink } from './types.js'

/** What all connections of a node share. */
export interface ConnectionHost {
  readonly sink: LinkSink
  readonly clock: Clock
  readonly limits: LinkLimits
  readonly turns: TurnQueue
  readonly logger: Logger | undefined
  /** A number that no connection had before. */
  nextId(): number
}

export interface ConnectionOptions extends HandshakeOptions {
  /** URI of the configured peer or of the listener, without query. */
  readonly uri: string
  /** Our own metadata message. */
  readonly greeting: Uint8Array
  /** Told of every change of {@link Connection.state}, and last of the end. */
  onChange(connection: Connection): void
}

export type ConnectionState = 'handshaking' | 'unproven' | 'up' | 'closed'

const NO_KEY = new Uint8Array(0)

/** One transport connection from its first byte to its last: handshake, frames both ways, liveness. */
export class Connection implements Link, TurnMember {
  readonly uri: string
  readonly incoming: boolean
  readonly remote: string
  id = 0
  publicKey: Uint8Array = NO_KEY
  priority: number
  upSinceMs = 0
  rxBytes = 0
  txBytes = 0
  readonly #host: ConnectionHost
  readonly #options: ConnectionOptions
  readonly #raw: RawLink
  readonly #handshake: LinkHandshake
  readonly #output: LinkOutput
  readonly #input: LinkInput
  #liveness: Liveness | undefined
  #state: ConnectionState = 'handshaking'
  #error: YggdrasilError | undefined
  #isInTurn = false
  #owesDrained = false
  #proveByMs = Number.POSITIVE_INFINITY
  #letGo: () => void = () => {}
  /** Resolves when the transport has let go of it. */
  readonly gone: Promise<void>

  constructor(raw: RawLink, host: ConnectionHost, options: ConnectionOptions) {
    this.#raw = raw
    this.#host = host
    this.#options = options
    this.uri = options.uri
    this.incoming = options.incoming
    this.priority = options.priority
    this.remote = raw.remote
    this.gone = new Promise((resolve) => (this.#letGo = resolve))
    this.#handshake = new LinkHandshake(options)
    this.#output = new LinkOutput(raw)
    const { frameBytes, framesPerTurn } = host.limits
    this.#input = new LinkInput(raw, new FrameReader({ maxFrameBytes: frameBytes }), framesPerTurn, this.#onFrame)
    raw.start({
      data: (chunk) => this.#data(chunk),
      drain: () => this.#drained(),
      closed: (error) => this.#rawClosed(error),
    })
    raw.write(options.greeting)
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Why it is `closed`; absent after an orderly end. */
  get error(): YggdrasilError | undefined {
    return this.#error
  }

  write(frame: Uint8Array): boolean {
    const liveness = this.#liveness
    if (liveness === undefined || this.#state === 'closed') return false
    // The time costs more than all the rest: it is asked for only when it counts.
    liveness.wrote(frameType(frame), liveness.isAnswered ? this.#host.clock.nowMs() : 0)
    this.txBytes += frame.length
    this.#joinTurn()
    try {
      if (this.#output.write(frame)) return true
    } catch (cause) {
      this.#fail(cause)
      return false
    }
    this.#owesDrained = true
    if (this.#output.waitingBytes > this.#host.limits.linkBacklogBytes) {
      const text = `${this.#output.waitingBytes} bytes wait for it: the other side does not read`
      this.close(new YggdrasilError('link', `link to ${this.remote}: ${text}`, { blame: 'remote' }))
    }
    return false
  }

  close(reason?: YggdrasilError): void {
    if (this.#state === 'closed') return
    try {
      this.#output.flush()
    } catch {
      // There is a reason already, and often this is it.
    }
    this.#raw.close()
    // Whoever calls is in the middle of something: it is told when that is over.
    const wasLink = this.#end(reason)
    queueMicrotask(() => this.#tellEnd(wasLink))
  }

  /** The remote has shown that it has the key it claims. */
  prove(): void {
    if (this.#state !== 'unproven') return
    this.#state = 'up'
    this.#proveByMs = Number.POSITIVE_INFINITY
    this.#options.onChange(this)
  }

  /** Do what is due. @param wasAsleep - this process did not run for a while */
  tick(nowMs: number, wasAsleep: boolean): void {
    if (this.#state === 'closed') return
    this.#guard(() => {
      this.#handshake.tick(nowMs)
      if (nowMs >= this.#proveByMs) {
        throw new YggdrasilError('unproven', 'no valid signature response in time: its handshake may be a replay')
      }
      const due = this.#liveness?.due(nowMs, wasAsleep)
      if (due === 'keepAlive') this.write(KEEP_ALIVE_FRAME)
      if (due === 'silent') throw new YggdrasilError('timeout', 'nothing came in answer: the other side is gone')
      if (due === 'stalled') throw new YggdrasilError('timeout', 'the rest of a frame did not come')
    })
  }

  /** @internal The turn is over. */
  flush(): void {
    this.#isInTurn = false
    if (this.#state === 'closed') return
    this.#guard(() => {
      this.#input.newTurn()
      // While the transport is full, what waits is the answer, as soon as the other side reads again.
      if (!this.#output.isFull && this.#liveness?.batchEnd() === true) this.#keepAlive()
      if (this.#output.flush()) this.#liveness?.flushed(this.#host.clock.nowMs())
    })
  }

  /** @internal A new turn. */
  proceed(): void {
    if (this.#state === 'closed' || !this.#input.hasRest) return
    this.#joinTurn()
    this.#guard(() => {
      this.#input.proceed()
      this.#batchEnd()
    })
  }

  #data(chunk: Uint8Array): void {
    if (this.#state === 'closed') return
    this.#guard(() => {
      let from = 0
      if (this.#state === 'handshaking') {
        from = this.#handshake.receive(chunk)
        if (this.#handshake.result !== undefined) this.#established(this.#handshake.result)
      }
      if (from === chunk.length || this.#liveness === undefined) return
      this.#joinTurn()
      this.rxBytes += chunk.length - from
      this.#input.data(chunk, from)
      this.#batchEnd()
    })
  }

  #established({ publicKey, priority }: Acquaintance): void {
    const { clock, limits, sink } = this.#host
    const nowMs = clock.nowMs()
    this.id = this.#host.nextId()
    this.publicKey = publicKey
    this.priority = priority
    this.upSinceMs = nowMs
    this.#liveness = new Liveness(limits, nowMs)
    this.#proveByMs = nowMs + limits.proofMs
    this.#state = 'unproven'
    this.#options.onChange(this)
    sink.up(this)
  }

  readonly #onFrame = (type: number, body: Uint8Array): void => {
    // What comes behind the frame for which the node closed the link is nobody's business.
    if (this.#state === 'closed') return
    this.#liveness?.received(type)
    if (type > PacketType.keepAlive) this.#host.sink.frame(this, type, body)
  }

  #batchEnd(): void {
    this.#liveness?.partial(this.#input.partialAfter, this.#host.clock.nowMs())
    if (this.#state !== 'closed') this.#host.sink.batchEnd(this)
  }

  #keepAlive(): void {
    this.#liveness?.wrote(PacketType.keepAlive, 0)
    this.txBytes += KEEP_ALIVE_FRAME.length
    this.#output.write(KEEP_ALIVE_FRAME)
  }

  #drained(): void {
    if (this.#state === 'closed') return
    this.#output.drained()
    if (this.#output.isFull || !this.#owesDrained) return
    this.#owesDrained = false
    this.#guard(() => this.#host.sink.drained(this))
  }

  #joinTurn(): void {
    if (this.#isInTurn) return
    this.#isInTurn = true
    this.#host.turns.add(this)
  }

  #rawClosed(error: YggdrasilError | undefined): void {
    this.#letGo()
    if (this.#state === 'closed') return
    this.#tellEnd(this.#end(error ?? this.#early()))
  }

  /** What it means when the other side ends in order, so early. */
  #early(): YggdrasilError | undefined {
    if (this.#state === 'handshaking') return this.#handshake.ended()
    if (this.#state === 'up' || this.incoming) return undefined
    return new YggdrasilError('link', 'the other side hung up right after the handshake: it may not allow our key')
  }

  /** @returns whether it was a link that the node knows of */
  #end(reason: YggdrasilError | undefined): boolean {
    const wasLink = this.#state !== 'handshaking'
    this.#state = 'closed'
    this.#error = reason
    this.#output.discard()
    this.#input.discard()
    return wasLink
  }

  #tellEnd(wasLink: boolean): void {
    const { sink, logger } = this.#host
    try {
      if (wasLink) sink.down(this, this.#error)
    } catch (cause) {
      logger?.error({ link: this.id, err: cause }, 'a link went down, and what had to be done then failed')
    }
    this.#options.onChange(this)
  }

  /** Nothing that comes over a link, and no mistake of ours in handling it, gets further than the end of that link. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (cause) {
      this.#fail(cause)
    }
  }

  #fail(cause: unknown): void {
    if (isYggdrasilError(cause)) {
      this.close(cause)
      return
    }
    this.#host.logger?.error({ link: this.id, remote: this.remote, err: cause }, 'handling a link failed')
    this.close(new YggdrasilError('link', `link to ${this.remote}: handling it failed`, { cause, blame: 'local' }))
  }
}

/** Of a whole frame: its length takes one to three bytes. */
function frameType(frame: Uint8Array): number {
  if (frame[0]! < 0x80) return frame[1]!
  return frame[1]! < 0x80 ? frame[2]! : frame[3]!
}
