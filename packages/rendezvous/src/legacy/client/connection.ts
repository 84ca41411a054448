import type { Clock } from '@mimirjs/transport'
import type { LegacyCandidate } from '@mimirjs/wire/rendezvous'
import type { DataChannelLike, IceCandidate, PeerConnectionLike } from '../../rtc/types.js'
import type { LegacyOwnSignal } from '../types.js'

/** Both sides call their channel so. rendezvous protocol A10 */
const CHANNEL_LABEL = 'data'

export interface ConnectionEvents {
  described(signal: LegacyOwnSignal): void
  /** Their channel is there, and ours is open. */
  ready(): void
  text(text: string): void
  /** It failed, or the other side closed it. Nothing follows. */
  lost(): void
}

export interface ConnectionTimes {
  readonly clock: Clock
  readonly gatherMs: number
  /** How long a connection may be without a path before it counts as lost. */
  readonly disturbedMs: number
}

/**
 * One RTCPeerConnection as pim uses it: everything of one side is signalled at once, and each side sends on a channel
 * of its own. rendezvous protocol A9, A10
 */
export class LegacyConnection {
  readonly #events: ConnectionEvents
  readonly #times: ConnectionTimes
  readonly #candidates: LegacyCandidate[] = []
  #peer: PeerConnectionLike | undefined
  #own: DataChannelLike | undefined
  #theirs: DataChannelLike | undefined
  /** One thing after the other, as the machine said it. */
  #work: Promise<void> = Promise.resolve()
  #gathered: () => void = () => {}
  #cancels: (() => void)[] = []
  #isOver = false
  #isReady = false

  constructor(open: () => Promise<PeerConnectionLike>, events: ConnectionEvents, times: ConnectionTimes) {
    this.#events = events
    this.#times = times
    this.#do(async () => this.#attach(await open()))
  }

  offer(): void {
    this.#do(async (peer) => {
      await peer.setLocalDescription(await peer.createOffer())
      await this.#describe(peer, 'offer')
    })
  }

  answer(offer: LegacyOwnSignal): void {
    this.#do(async (peer) => {
      await peer.setRemoteDescription(offer.description)
      await peer.setLocalDescription(await peer.createAnswer())
      await addCandidates(peer, offer.candidates)
      await this.#describe(peer, 'answer')
    })
  }

  applyAnswer(answer: LegacyOwnSignal): void {
    this.#do(async (peer) => {
      await peer.setRemoteDescription(answer.description)
      await addCandidates(peer, answer.candidates)
    })
  }

  /** @returns whether the channel took it */
  send(text: string): boolean {
    if (this.#own?.readyState !== 'open') return false
    this.#own.send(text)
    return true
  }

  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const cancel of this.#cancels) cancel()
    this.#gathered()
    this.#peer?.close()
  }

  #do(work: (peer: PeerConnectionLike) => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#isOver) return
      try {
        await work(this.#peer as PeerConnectionLike)
      } catch {
        // What the other side said cannot be applied, or this runtime cannot do it: the attempt has failed.
        this.#lose()
      }
    })
  }

  async #attach(peer: PeerConnectionLike): Promise<void> {
    this.#peer = peer
    if (this.#isOver) {
      peer.close()
      return
    }
    peer.onicecandidate = ({ candidate }) => {
      if (candidate === null || candidate.candidate === '') this.#gathered()
      else this.#candidates.push(printed(candidate))
    }
    peer.ondatachannel = ({ channel }) => this.#attachTheirs(channel)
    peer.onconnectionstatechange = () => this.#stateChanged(peer)
    this.#own = peer.createDataChannel(CHANNEL_LABEL, { ordered: true, protocol: '' })
    this.#own.onopen = () => this.#becomeReady()
    this.#own.onclose = () => this.#lose()
  }

  #attachTheirs(channel: DataChannelLike): void {
    if (channel.label !== CHANNEL_LABEL || this.#theirs !== undefined) return
    this.#theirs = channel
    channel.onmessage = ({ data }) => {
      if (typeof data === 'string' && !this.#isOver) this.#events.text(data)
    }
    channel.onclose = () => this.#lose()
    this.#becomeReady()
  }

  #becomeReady(): void {
    if (this.#isReady || this.#isOver || this.#theirs === undefined || this.#own?.readyState !== 'open') return
    this.#isReady = true
    this.#events.ready()
  }

  #stateChanged({ connectionState }: PeerConnectionLike): void {
    if (connectionState === 'failed' || connectionState === 'closed') this.#lose()
    if (connectionState !== 'disconnected') return
    const { clock, disturbedMs } = this.#times
    const cancel = clock.schedule(() => {
      if (this.#peer?.connectionState !== 'connected') this.#lose()
    }, disturbedMs)
    this.#cancels.push(cancel)
  }

  async #describe(peer: PeerConnectionLike, type: 'offer' | 'answer'): Promise<void> {
    if (peer.iceGatheringState !== 'complete') {
      await new Promise<void>((resolve) => {
        this.#gathered = resolve
        this.#cancels.push(this.#times.clock.schedule(resolve, this.#times.gatherMs))
      })
    }
    const sdp = peer.localDescription?.sdp
    if (this.#isOver || sdp === undefined) return
    this.#events.described({ description: { type, sdp }, candidates: [...this.#candidates] })
  }

  #lose(): void {
    if (this.#isOver) return
    this.close()
    this.#events.lost()
  }
}

/** One that cannot be used is no reason to try none of the others. */
async function addCandidates(peer: PeerConnectionLike, candidates: readonly LegacyCandidate[]): Promise<void> {
  for (const candidate of candidates) {
    if (candidate.candidate === '') continue
    await peer.addIceCandidate(candidate).catch(() => {})
  }
}

function printed({ candidate, sdpMid, sdpMLineIndex, usernameFragment }: IceCandidate): LegacyCandidate {
  return {
    candidate,
    sdpMid: sdpMid ?? null,
    sdpMLineIndex: sdpMLineIndex ?? null,
    ...(usernameFragment == null ? {} : { usernameFragment }),
  }
}
