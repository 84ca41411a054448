import type { SignalledCandidate } from '@mimirjs/wire/rendezvous'
import { isRendezvousError, RendezvousError } from '../error.js'
import type { RtcHost } from '../machine/index.js'
import { RtcConnection } from '../rtc/connection.js'
import { LinkStreams } from '../rtc/link-streams.js'
import type { NodeEngine } from './engine.js'
import type { RendezvousLink } from './link.js'

/** A peer connection with the streams on it, and the link once both sides have proved who they are. */
export interface OwnConnection {
  readonly rtc: RtcConnection
  readonly streams: LinkStreams
  link: RendezvousLink | undefined
}

/** The peer connections of a node, by number: what the machine asks for is handed to them, and what they tell to it. */
export class Connections implements RtcHost {
  readonly #engine: NodeEngine
  readonly #connections = new Map<number, OwnConnection>()
  /** Of those that are being cut. */
  readonly #closing = new Set<Promise<void>>()

  constructor(engine: NodeEngine) {
    this.#engine = engine
  }

  get(connection: number | undefined): OwnConnection | undefined {
    return connection === undefined ? undefined : this.#connections.get(connection)
  }

  offer(connection: number, isRestart: boolean): void {
    this.#of(connection).rtc.offer(isRestart)
  }

  answer(connection: number, sdp: string): void {
    this.#of(connection).rtc.answer(sdp)
  }

  setAnswer(connection: number, sdp: string): void {
    this.get(connection)?.rtc.setAnswer(sdp)
  }

  addCandidates(connection: number, candidates: readonly SignalledCandidate[]): void {
    this.get(connection)?.rtc.addCandidates(candidates)
  }

  close(connection: number, isOrderly: boolean): void {
    const own = this.#connections.get(connection)
    if (own === undefined) return
    this.#connections.delete(connection)
    // Not from inside a call of the machine, nor of the library for WebRTC.
    this.#engine.later(() => {
      own.link?.closed()
      own.streams.linkClosed(new RendezvousError('closed', 'the connection was cut'))
      const closing = own.rtc.close(isOrderly).catch((error: unknown) => this.#engine.report(error))
      this.#closing.add(closing)
      void closing.then(() => this.#closing.delete(closing))
    })
  }

  sendText(connection: number, text: string): void {
    this.get(connection)?.rtc.sendText(text)
  }

  /** Resolves when all that are being cut are. */
  async closed(): Promise<void> {
    while (this.#closing.size > 0) await Promise.all(this.#closing)
  }

  #of(connection: number): OwnConnection {
    const known = this.#connections.get(connection)
    if (known !== undefined) return known
    const own = this.#open(connection)
    this.#connections.set(connection, own)
    return own
  }

  #open(number: number): OwnConnection {
    const engine = this.#engine
    const { machine, platform, settings } = engine
    const { clock, config, limits, logger } = settings
    const { closeMs, gatherMs } = limits
    const rtc = new RtcConnection(
      { platform, config, clock, gatherMs, closeMs, logger },
      {
        described: (sdp) => engine.run((nowMs) => machine.described(number, sdp, nowMs)),
        failed: (error) => this.#failed(number, error),
        candidates: (candidates, isEnd) =>
          engine.run((nowMs) => machine.localCandidates(number, candidates, isEnd, nowMs)),
        channelOpen: (remoteFp) => engine.run((nowMs) => machine.channelOpen(number, remoteFp, nowMs)),
        channelText: (text) => engine.run((nowMs) => machine.channelText(number, text, nowMs)),
        channelBinary: (bytes) => engine.run((nowMs) => machine.channelBinary(number, bytes, nowMs)),
        channelClosed: () => engine.run((nowMs) => machine.channelClosed(number, nowMs)),
        state: (state) => engine.run((nowMs) => machine.connectionState(number, state, nowMs)),
        incoming: (channel) => own.streams.incoming(channel),
      },
    )
    const streams = new LinkStreams({
      limits,
      clock,
      openChannel: (label, protocol) => rtc.openChannel(label, protocol),
      heard: () => engine.run((nowMs) => machine.heard(number, nowMs)),
      changed: () => own.link?.streamsChanged(),
    })
    const own: OwnConnection = { rtc, streams, link: undefined }
    return own
  }

  #failed(number: number, error: unknown): void {
    const { logger } = this.#engine.settings
    logger?.warn({ error }, 'rendezvous: a step of WebRTC failed')
    const detail = error instanceof Error ? error.message : String(error)
    const code = isRendezvousError(error) && error.code === 'unsupported' ? 'unsupported' : 'failed'
    this.#engine.run((nowMs) => this.#engine.machine.describeFailed(number, nowMs, detail, code))
  }
}
