import { sha256 } from '@mimirjs/crypto'
import type { Clock, Logger } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import { RENDEZVOUS_CHANNEL, type SignalledCandidate } from '@mimirjs/wire/rendezvous'
import type { ConnectionState } from '../machine/types.js'
import { Gathering } from './gathering.js'
import { letGo, readChannel, sendBytes, sendText } from './message.js'
import type { DataChannelLike, PeerConnectionConfig, PeerConnectionLike, RendezvousPlatform } from './types.js'

/** What a {@link RtcConnection} tells. Nothing is told from inside a call to it, nor after it is closed. */
export interface ConnectionEvents {
  /** Our description, whole, as asked for. */
  described(sdp: string): void
  /** A step failed: nothing will come of it. */
  failed(error: unknown): void
  /** Candidates that were found after the description. @param isEnd - no more follow */
  candidates(candidates: readonly SignalledCandidate[], isEnd: boolean): void
  /** The channel `rendezvous` is open. @param remoteFp - SHA-256 of the other side's certificate, where it is told */
  channelOpen(remoteFp: string | undefined): void
  channelText(text: string): void
  channelBinary(bytes: Uint8Array): void
  channelClosed(): void
  /** Only when it changes. */
  state(state: ConnectionState): void
  /** The other side opened a further channel. */
  incoming(channel: DataChannelLike): void
}

export interface ConnectionParts {
  readonly platform: RendezvousPlatform
  readonly config: PeerConnectionConfig
  readonly clock: Clock
  readonly gatherMs: number
  readonly closeMs: number
  readonly logger: Logger | undefined
}

/** What `connectionState` may be, as far as it matters. */
const STATES: Readonly<Record<string, ConnectionState>> = {
  connected: 'connected',
  disconnected: 'disconnected',
  failed: 'failed',
}

/**
 * One peer connection with its channel `rendezvous` (rendezvous protocol B11). What is asked for is done one after the
 * other, each step when the one before has ended.
 */
export class RtcConnection {
  readonly #parts: ConnectionParts
  readonly #events: ConnectionEvents
  #last: Promise<void> = Promise.resolve()
  #pc: PeerConnectionLike | undefined
  #channel: DataChannelLike | undefined
  #gathering: Gathering | undefined
  #state: ConnectionState | undefined
  #isClosed = false

  constructor(parts: ConnectionParts, events: ConnectionEvents) {
    this.#parts = parts
    this.#events = events
  }

  /** @param isRestart - with new paths, on the connection that there is */
  offer(isRestart: boolean): void {
    this.#enqueue(async () => {
      const pc = await this.#connection()
      if (pc === undefined) return
      const { sdp } = await pc.createOffer(isRestart ? { iceRestart: true } : {})
      await this.#describe(pc, { type: 'offer', sdp })
    })
  }

  answer(remoteSdp: string): void {
    this.#enqueue(async () => {
      const pc = await this.#connection()
      if (pc === undefined) return
      await pc.setRemoteDescription({ type: 'offer', sdp: remoteSdp })
      const { sdp } = await pc.createAnswer()
      await this.#describe(pc, { type: 'answer', sdp })
    })
  }

  setAnswer(sdp: string): void {
    this.#enqueue(async () => {
      await this.#pc?.setRemoteDescription({ type: 'answer', sdp })
    })
  }

  addCandidates(candidates: readonly SignalledCandidate[]): void {
    this.#enqueue(async () => {
      for (const candidate of candidates) await this.#addCandidate(candidate)
    })
  }

  sendText(text: string): void {
    if (this.#channel !== undefined) sendText(this.#channel, text)
  }

  sendBytes(bytes: Uint8Array): void {
    if (this.#channel !== undefined) sendBytes(this.#channel, bytes)
  }

  /** The channel `rendezvous`, once there is one. */
  get channel(): DataChannelLike | undefined {
    return this.#channel
  }

  /** Open a further channel. @throws what the platform throws when there is no connection (any more) */
  openChannel(label: string, protocol: string): DataChannelLike {
    if (this.#pc === undefined) throw new TypeError('there is no connection')
    return this.#pc.createDataChannel(label, { ordered: true, protocol })
  }

  /** @param isOrderly - let what was said last leave first. Resolves when it is cut. */
  async close(isOrderly: boolean): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#gathering?.stop()
    const [pc, channel] = [this.#pc, this.#channel]
    if (channel !== undefined) {
      letGo(channel)
      if (isOrderly && channel.readyState === 'open') await this.#drained(channel)
    }
    if (pc === undefined) return
    pc.ondatachannel = pc.onicecandidate = pc.onicegatheringstatechange = pc.onconnectionstatechange = null
    pc.close()
  }

  /** Closing a channel sends first what it was given, and the other side says when it has it. */
  #drained(channel: DataChannelLike): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.schedule(resolve, this.#parts.closeMs)
      channel.onclose = () => {
        cancel()
        resolve()
      }
      channel.close()
    })
  }

  #enqueue(step: () => Promise<void>): void {
    this.#last = this.#last.then(async () => {
      if (this.#isClosed) return
      try {
        await step()
      } catch (error) {
        if (!this.#isClosed) this.#events.failed(error)
      }
    })
  }

  /** `undefined` when it was closed meanwhile. */
  async #connection(): Promise<PeerConnectionLike | undefined> {
    if (this.#pc !== undefined) return this.#pc
    const pc = await this.#parts.platform.createPeerConnection(this.#parts.config)
    if (this.#isClosed) {
      pc.close()
      return undefined
    }
    this.#pc = pc
    this.#listen(pc)
    const { label, protocol, id } = RENDEZVOUS_CHANNEL
    this.#channel = pc.createDataChannel(label, { negotiated: true, id, ordered: true, protocol })
    this.#read(this.#channel)
    return pc
  }

  #listen(pc: PeerConnectionLike): void {
    pc.ondatachannel = ({ channel }) => this.#events.incoming(channel)
    pc.onicecandidate = ({ candidate }) => this.#gathering?.found(candidate)
    pc.onicegatheringstatechange = () => {
      if (pc.iceGatheringState === 'complete') this.#gathering?.found(null)
    }
    pc.onconnectionstatechange = () => {
      const state = STATES[pc.connectionState]
      // A library may tell the same twice.
      if (state === undefined || state === this.#state) return
      this.#state = state
      this.#events.state(state)
    }
  }

  #read(channel: DataChannelLike): void {
    readChannel(channel, {
      opened: () => this.#events.channelOpen(this.#remoteFp()),
      text: (text) => this.#events.channelText(text),
      binary: (bytes) => this.#events.channelBinary(bytes),
      closed: () => this.#events.channelClosed(),
    })
  }

  /** SHA-256 of the other side's certificate, where the platform gives it. */
  #remoteFp(): string | undefined {
    if (this.#parts.platform.canReadCertificates === false) return undefined
    const [certificate] = this.#pc?.sctp?.transport.getRemoteCertificates?.() ?? []
    if (certificate === undefined || certificate.byteLength === 0) return undefined
    return toHex(sha256(certificate instanceof Uint8Array ? certificate : new Uint8Array(certificate)))
  }

  async #describe(pc: PeerConnectionLike, description: { type: 'offer' | 'answer'; sdp: string }): Promise<void> {
    const { clock, gatherMs } = this.#parts
    this.#gathering?.stop()
    const gathering = new Gathering(clock, (candidates, isEnd) => this.#events.candidates(candidates, isEnd))
    this.#gathering = gathering
    await pc.setLocalDescription(description)
    if (pc.iceGatheringState === 'complete') gathering.found(null)
    await gathering.done(gatherMs)
    if (this.#isClosed) return
    // With what was gathered by now.
    this.#events.described(pc.localDescription?.sdp ?? '')
    gathering.report()
  }

  async #addCandidate(candidate: SignalledCandidate): Promise<void> {
    try {
      await this.#pc?.addIceCandidate(candidate)
    } catch (error) {
      // One path less, of many.
      this.#parts.logger?.debug({ error }, 'rendezvous: a candidate of the other side was not taken')
    }
  }
}
