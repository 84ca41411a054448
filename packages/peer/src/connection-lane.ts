// What joins a connection's session to its data streams. It decides nothing: the session keeps the accounts, the lane
// moves the bytes.
import type { ByteStream } from '@mimirjs/transport'
import type { DataHeader, TextFrame } from '@mimirjs/wire/peer'
import type { ConnectionHost } from './connection-host.js'
import type { LaneHost } from './data/lane-host.js'
import type { Closable } from './data/lane-stream.js'
import { AskingOpener, DiallingOpener, type StreamOpener } from './data/stream-opener.js'
import { PeerError } from './error.js'
import { Pace } from './pace.js'
import { dialBackAddress } from './remote-address.js'
import type { Session } from './session.js'
import type { SessionTimers } from './timers.js'
import type { DataSink } from './types.js'

const MINUTE_MS = 60_000

/** The connection, as far as its data streams are concerned. */
export interface LaneOwner {
  readonly id: number
  /** Run a callback of the application. */
  run(name: string, work: () => void): void
  fail(error: PeerError): void
  broken(cause: unknown): void
  /** The session may have other wishes than before. */
  moved(): void
}

export class ConnectionLane implements LaneHost {
  readonly timers: SessionTimers
  readonly opener: StreamOpener
  readonly maxMessageBytes: number
  readonly #owner: LaneOwner
  readonly #session: Session
  readonly #host: ConnectionHost
  readonly #pace: Pace

  constructor(owner: LaneOwner, session: Session, host: ConnectionHost, opener: StreamOpener) {
    this.#owner = owner
    this.#session = session
    this.#host = host
    this.opener = opener
    this.timers = host.context.timers
    this.maxMessageBytes = session.maxMessageBytes
    this.#pace = new Pace(host.context.limits.dataStreamsPerMinute, MINUTE_MS)
  }

  nowMs(): number {
    return this.#host.clock.nowMs()
  }

  get isPaused(): boolean {
    return this.#session.isPaused
  }

  moved(): void {
    this.#session.dataMoved(this.nowMs())
  }

  written(): void {
    this.#session.delivery?.dataWritten(this.nowMs())
    this.#owner.moved()
  }

  repeated(): void {
    this.#session.delivery?.dataRepeated()
  }

  gaveUp(): void {
    this.#session.delivery?.dataFailed()
  }

  vanished(): void {
    this.#session.delivery?.giveUpData()
  }

  failed(error: PeerError): void {
    this.#owner.fail(error)
  }

  heard(): void {
    this.#session.dataHeard(this.nowMs())
  }

  receiving(isInside: boolean): void {
    this.#session.dataIsIn = isInside
  }

  wants(header: DataHeader): boolean {
    return this.#session.wantsData(header)
  }

  message(message: TextFrame): void {
    this.#session.takeData(message)
  }

  file(header: DataHeader): DataSink | undefined {
    return this.#session.takeFile(header)
  }

  fileEnded(guid: bigint): void {
    this.#session.fileEnded(guid)
  }

  sinkFailed(cause: unknown): void {
    this.#host.logger?.warn({ connection: this.#owner.id, err: cause }, 'a file was refused by its sink')
  }

  mayAttach(): boolean {
    if (this.#pace.take(this.nowMs())) return true
    this.#owner.fail(new PeerError('limit', 'too many data streams within a minute'))
    return false
  }

  changed(): void {
    this.#owner.moved()
  }

  opened(stream: Closable): void {
    this.#host.opened(stream)
  }

  closed(stream: Closable): void {
    this.#host.closed(stream)
  }

  call(name: string, work: () => void): void {
    this.#owner.run(name, work)
  }

  broken(cause: unknown): void {
    this.#owner.broken(cause)
  }
}

/**
 * How a connection comes by its data streams.
 * @param address - where we dialled it; `undefined` when the other side did
 * @param token - of its handshake
 */
export function openerFor(
  { localAddress, remoteAddress, remotePublicKey }: ByteStream,
  address: string | undefined,
  token: Uint8Array | undefined,
  session: Session,
  host: ConnectionHost,
): StreamOpener {
  if (address !== undefined) {
    return new DiallingOpener((signal) => host.dial(address, signal), remotePublicKey === undefined ? token : undefined)
  }
  if (remotePublicKey === undefined) return new AskingOpener(() => session.wantStream())
  return new DiallingOpener(
    async (signal) => host.dial(dialBackAddress(remoteAddress, localAddress), signal),
    undefined,
  )
}
