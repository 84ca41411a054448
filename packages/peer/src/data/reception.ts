import type { ByteStream, Clock, Logger } from '@mimirjs/transport'
import type { DeadlineWheel } from '../deadline-wheel.js'
import type { PeerError } from '../error.js'
import type { SessionTimers } from '../timers.js'
import { Arrival, type ArrivalHost } from './arrival.js'
import { DataRoutes, type Destination } from './data-routes.js'
import type { Closable } from './lane-stream.js'
import type { DataRole } from './stream-opener.js'

export interface ReceptionHost {
  readonly clock: Clock
  readonly wheel: DeadlineWheel
  readonly timers: SessionTimers
  readonly logger: Logger | undefined
  /** A stranger has come, or is one no more. */
  enter(arrival: Arrival): void
  leave(arrival: Arrival): void
  /** Somebody wants to be a connection: start the stream from inside this call. */
  welcome(stream: ByteStream): void
  closed(stream: Closable): void
}

/** Takes streams that begin with their role, and brings each to where it belongs. */
export class Reception<C extends Destination<Arrival>> implements ArrivalHost {
  readonly clock: Clock
  readonly wheel: DeadlineWheel
  readonly timers: SessionTimers
  readonly routes: DataRoutes<C, Arrival> = new DataRoutes()
  readonly #host: ReceptionHost

  constructor(host: ReceptionHost) {
    this.#host = host
    this.clock = host.clock
    this.wheel = host.wheel
    this.timers = host.timers
  }

  accept(stream: ByteStream): void {
    this.#accept(new Arrival(this, stream))
  }

  /** The same where we only dial: nobody is to connect to us there. */
  acceptData(stream: ByteStream): void {
    this.#accept(new Arrival(this, stream, { dataOnly: true }))
  }

  #accept(arrival: Arrival): void {
    this.#host.enter(arrival)
    arrival.start()
  }

  control(arrival: Arrival): void {
    this.#host.leave(arrival)
    this.#host.welcome(arrival.stream)
  }

  /** It stays a stranger until its connection takes it. */
  data(arrival: Arrival, role: DataRole, token: Uint8Array | undefined): void {
    const node = arrival.nodeKey
    if (token !== undefined) this.routes.place(arrival, role, { token })
    else if (node !== undefined) this.routes.place(arrival, role, { node })
  }

  taken(arrival: Arrival): void {
    this.#host.leave(arrival)
  }

  failed(arrival: Arrival, { code, message }: PeerError): void {
    this.#host.leave(arrival)
    this.routes.forget(arrival)
    this.#host.logger?.debug({ remoteAddress: arrival.stream.remoteAddress, code }, `stream dropped: ${message}`)
  }

  gone(arrival: Arrival): void {
    this.#host.closed(arrival)
  }
}
