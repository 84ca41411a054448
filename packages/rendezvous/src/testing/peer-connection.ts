import { sha256 } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { sdpFingerprint } from '@mimirjs/wire/rendezvous'
import type { DataChannelInit, PeerConnectionLike, SessionDescription } from '../rtc/types.js'
import { MemoryChannel } from './channel.js'
import type { MemoryRtc } from './rtc.js'

const FIRST_FREE_ID = 1
const UFRAG = /^a=ice-ufrag:(\S+)\r?$/m

/** One end of a peer connection in memory, with a certificate of its own that the other end checks as DTLS does. */
export class MemoryPeerConnection implements PeerConnectionLike {
  connectionState = 'new'
  iceGatheringState = 'new'
  localDescription: SessionDescription | null = null
  onicecandidate: PeerConnectionLike['onicecandidate'] = null
  onicegatheringstatechange: (() => void) | null = null
  onconnectionstatechange: (() => void) | null = null
  ondatachannel: PeerConnectionLike['ondatachannel'] = null
  readonly certificate: Uint8Array<ArrayBuffer>
  readonly #rtc: MemoryRtc
  #remote: SessionDescription | undefined
  #partner: MemoryPeerConnection | undefined
  #ufrag = ''
  #isUp = false
  readonly #channels = new Map<number, MemoryChannel>()
  #nextId = FIRST_FREE_ID

  constructor(rtc: MemoryRtc, certificate: Uint8Array<ArrayBuffer>) {
    this.#rtc = rtc
    this.certificate = certificate
  }

  get sctp(): PeerConnectionLike['sctp'] {
    const certificates = this.#partner === undefined ? [] : [this.#partner.certificate]
    return { transport: { getRemoteCertificates: () => certificates } }
  }

  /** Whether bytes pass. */
  get isUp(): boolean {
    return this.#isUp
  }

  /** What names this end in its newest description. */
  get ufrag(): string {
    return this.#ufrag
  }

  /** What named the other end in the newest description of it. */
  get remoteUfrag(): string | undefined {
    return this.#remote && UFRAG.exec(this.#remote.sdp)?.[1]
  }

  createDataChannel(label: string, init: DataChannelInit): MemoryChannel {
    if (this.connectionState === 'closed') throw new TypeError('the connection is closed')
    const id = init.negotiated ? (init.id ?? 0) : this.#nextId
    if (!init.negotiated) this.#nextId += 2
    const channel = this.#channel(id, label, init)
    if (this.#partner !== undefined) this.#join(channel, this.#partner, init)
    return channel
  }

  async createOffer({ iceRestart = false }: { readonly iceRestart?: boolean } = {}): Promise<SessionDescription> {
    if (iceRestart || this.#ufrag === '') this.#ufrag = this.#rtc.name(this)
    return { type: 'offer', sdp: this.#sdp('actpass') }
  }

  async createAnswer(): Promise<SessionDescription> {
    if (this.#remote?.type !== 'offer') throw new TypeError('there is no offer to answer')
    // An answer to a restart is one.
    this.#ufrag = this.#rtc.name(this)
    this.#nextId = FIRST_FREE_ID + 1
    return { type: 'answer', sdp: this.#sdp('active') }
  }

  async setLocalDescription(description: SessionDescription): Promise<void> {
    this.localDescription = description
    this.iceGatheringState = 'complete'
    this.#rtc.soon(() => this.onicecandidate?.({ candidate: null }))
    this.#rtc.look(this)
  }

  async setRemoteDescription(description: SessionDescription): Promise<void> {
    if (this.connectionState === 'closed') throw new TypeError('the connection is closed')
    this.#remote = description
    this.#rtc.look(this)
  }

  async addIceCandidate(): Promise<void> {
    if (this.#remote === undefined) throw new TypeError('there is no description for this candidate')
  }

  close(): void {
    if (this.connectionState === 'closed') return
    this.connectionState = 'closed'
    this.#isUp = false
    this.#rtc.forget(this)
    for (const channel of this.#channels.values()) channel.cut()
    this.#partner?.lost()
  }

  /** Both descriptions of both ends are known. */
  meet(partner: MemoryPeerConnection): void {
    if (this.#remote === undefined || sdpFingerprint(this.#remote.sdp) !== partner.fingerprint) {
      this.#to('failed')
      return
    }
    const isNew = this.#partner === undefined
    this.#partner = partner
    this.#isUp = true
    this.#to('connected')
    for (const channel of this.#channels.values()) {
      if (isNew) this.#join(channel, partner, { ordered: true, protocol: '', negotiated: true })
      channel.flush()
    }
  }

  /** SHA-256 of the certificate, in hex. */
  get fingerprint(): string {
    return toHex(sha256(this.certificate))
  }

  /** The path is gone, and comes back by a restart only. */
  disturb(): void {
    if (!this.#isUp) return
    this.#isUp = false
    this.#to('disconnected')
  }

  /** The other end was closed. Its state says so late, as in real ones; its channels at once. */
  lost(): void {
    this.#isUp = false
    for (const channel of this.#channels.values()) channel.cut()
  }

  #channel(id: number, label: string, init: DataChannelInit): MemoryChannel {
    const rtc = this.#rtc
    const isUp = (): boolean => this.#isUp
    const path = {
      get isUp() {
        return isUp()
      },
      soon: (callback: () => void) => rtc.soon(callback),
    }
    const channel = new MemoryChannel(path, id, label, init)
    this.#channels.set(id, channel)
    return channel
  }

  /** A negotiated channel waits for its twin, any other makes it. */
  #join(channel: MemoryChannel, partner: MemoryPeerConnection, init: DataChannelInit): void {
    let twin = partner.#channels.get(channel.id)
    if (twin === undefined || twin.readyState === 'closed') {
      if (init.negotiated) return
      twin = partner.#channel(channel.id, channel.label, init)
      const incoming = twin
      this.#rtc.soon(() => partner.ondatachannel?.({ channel: incoming }))
    }
    channel.join(twin)
    twin.join(channel)
  }

  #to(state: string): void {
    this.connectionState = state
    this.#rtc.soon(() => this.onconnectionstatechange?.())
  }

  #sdp(setup: string): string {
    const fingerprint = (this.fingerprint.match(/../g) ?? []).join(':').toUpperCase()
    const lines = [
      'v=0',
      'o=- 1 2 IN IP4 127.0.0.1',
      's=-',
      't=0 0',
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
      'c=IN IP4 0.0.0.0',
      `a=ice-ufrag:${this.#ufrag}`,
      `a=fingerprint:sha-256 ${fingerprint}`,
      `a=setup:${setup}`,
      'a=mid:0',
    ]
    return `${lines.join('\r\n')}\r\n`
  }
}
