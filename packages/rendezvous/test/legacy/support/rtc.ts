// WebRTC in memory: two connections meet when each has the other's description and a candidate of it, and the
// certificates are those that were signed.

import type { Clock } from '@mimirjs/transport'
import type { LegacyDescription } from '@mimirjs/wire/rendezvous'
import type { DataChannelLike, IceCandidate, PeerConnectionLike } from '../../../src/rtc/types.js'

/** How long it takes to find the candidates. */
const GATHER_MS = 100

export class RtcWorld {
  readonly peers: Map<string, MemoryPeer> = new Map()
  readonly clock: Clock
  /** Candidates that each connection finds. */
  candidates = 1

  constructor(clock: Clock) {
    this.clock = clock
  }

  create(): MemoryPeer {
    const peer = new MemoryPeer(this, `u${this.peers.size + 1}`)
    this.peers.set(peer.id, peer)
    return peer
  }

  /** Connections that were not closed. */
  get open(): number {
    return [...this.peers.values()].filter(({ connectionState }) => connectionState !== 'closed').length
  }
}

export class MemoryChannel implements DataChannelLike {
  readonly label: string
  readonly protocol = ''
  readonly ordered = true
  readonly bufferedAmount = 0
  binaryType = 'arraybuffer'
  readyState: DataChannelLike['readyState'] = 'connecting'
  onopen: DataChannelLike['onopen'] = null
  onclose: DataChannelLike['onclose'] = null
  onerror: DataChannelLike['onerror'] = null
  onmessage: DataChannelLike['onmessage'] = null
  other: MemoryChannel | undefined

  constructor(label: string) {
    this.label = label
  }

  send(data: string): void {
    if (this.readyState !== 'open') throw new Error('InvalidStateError')
    queueMicrotask(() => {
      if (this.other?.readyState === 'open') this.other.onmessage?.({ data })
    })
  }

  open(): void {
    this.readyState = 'open'
    this.onopen?.()
  }

  /** Close this end as its owner does: the owner hears nothing, the other side does. */
  shut(): void {
    this.readyState = 'closed'
    queueMicrotask(() => this.other?.close())
  }

  close(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.onclose?.()
  }
}

export class MemoryPeer implements PeerConnectionLike {
  readonly id: string
  connectionState = 'new'
  iceGatheringState = 'new'
  signalingState = 'stable'
  localDescription: LegacyDescription | null = null
  onicecandidate: PeerConnectionLike['onicecandidate'] = null
  onicegatheringstatechange: PeerConnectionLike['onicegatheringstatechange'] = null
  onconnectionstatechange: PeerConnectionLike['onconnectionstatechange'] = null
  ondatachannel: PeerConnectionLike['ondatachannel'] = null
  readonly #world: RtcWorld
  readonly own: MemoryChannel[] = []
  readonly #theirs: MemoryChannel[] = []
  /** Ids that remote candidates are of. */
  readonly #reachable = new Set<string>()
  #remote: LegacyDescription | undefined

  constructor(world: RtcWorld, id: string) {
    this.#world = world
    this.id = id
  }

  /** SHA-256 of a certificate, as a description prints it. */
  get fingerprint(): string {
    return this.id
      .padStart(64, '0')
      .replace('u', 'A')
      .replace(/(..)(?!$)/g, '$1:')
  }

  createDataChannel(label: string): MemoryChannel {
    const channel = new MemoryChannel(label)
    this.own.push(channel)
    return channel
  }

  createOffer(): Promise<LegacyDescription> {
    return Promise.resolve({ type: 'offer', sdp: this.#sdp('actpass') })
  }

  createAnswer(): Promise<LegacyDescription> {
    if (this.signalingState !== 'have-remote-offer') return Promise.reject(new Error('no offer to answer'))
    return Promise.resolve({ type: 'answer', sdp: this.#sdp('active') })
  }

  setLocalDescription(description: LegacyDescription): Promise<void> {
    this.localDescription = description
    this.signalingState = description.type === 'offer' ? 'have-local-offer' : 'stable'
    this.#world.clock.schedule(() => this.#gather(), GATHER_MS)
    queueMicrotask(() => this.#meet())
    return Promise.resolve()
  }

  setRemoteDescription(description: LegacyDescription): Promise<void> {
    const fits = this.signalingState === (description.type === 'offer' ? 'stable' : 'have-local-offer')
    if (!fits) return Promise.reject(new Error(`wrong state: ${this.signalingState}`))
    this.#remote = description
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable'
    queueMicrotask(() => this.#meet())
    return Promise.resolve()
  }

  addIceCandidate({ candidate }: IceCandidate): Promise<void> {
    const [, id] = /ufrag (\S+)/.exec(candidate) ?? []
    if (this.#remote === undefined || id === undefined) return Promise.reject(new Error('no use for a candidate'))
    this.#reachable.add(id)
    queueMicrotask(() => this.#meet())
    return Promise.resolve()
  }

  close(): void {
    if (this.connectionState === 'closed') return
    const wasConnected = this.connectionState === 'connected'
    this.#enter('closed')
    for (const channel of [...this.own, ...this.#theirs]) channel.close()
    if (wasConnected) this.#world.peers.get(ufragOf(this.#remote))?.left()
  }

  /** The other side is gone. */
  left(): void {
    if (this.connectionState !== 'connected') return
    this.#enter('disconnected')
    for (const channel of [...this.own, ...this.#theirs]) channel.close()
  }

  /** It wants to be connected with that one. */
  expects(id: string): boolean {
    return this.signalingState === 'stable' && ufragOf(this.#remote) === id
  }

  /** It knows where that one is. */
  reaches(id: string): boolean {
    return this.#reachable.has(id)
  }

  connected(other: MemoryPeer): void {
    if (this.#remote?.sdp.includes(other.fingerprint) !== true) {
      this.#enter('failed')
      return
    }
    this.#enter('connected')
    for (const channel of this.own) {
      channel.open()
      other.takes(channel)
    }
  }

  takes(theirs: MemoryChannel): void {
    const channel = new MemoryChannel(theirs.label)
    channel.readyState = 'open'
    channel.other = theirs
    theirs.other = channel
    this.#theirs.push(channel)
    this.ondatachannel?.({ channel })
  }

  #gather(): void {
    for (let count = 0; count < this.#world.candidates; count++)
      this.onicecandidate?.({
        candidate: {
          candidate: `candidate:1 1 udp 2122262783 192.0.2.1 5000${count} typ host ufrag ${this.id}`,
          sdpMid: '0',
          sdpMLineIndex: 0,
          usernameFragment: this.id,
        },
      })
    this.iceGatheringState = 'complete'
    this.onicecandidate?.({ candidate: null })
  }

  #meet(): void {
    const other = this.#world.peers.get(ufragOf(this.#remote))
    if (this.connectionState !== 'new' || other?.connectionState !== 'new') return
    if (!this.expects(other.id) || !other.expects(this.id)) return
    // Whoever is asked learns where the other one is.
    if (!this.reaches(other.id) && !other.reaches(this.id)) return
    this.connected(other)
    other.connected(this)
  }

  #enter(state: string): void {
    this.connectionState = state
    this.onconnectionstatechange?.()
  }

  #sdp(setup: string): string {
    return [
      'v=0',
      'o=- 1 2 IN IP4 127.0.0.1',
      's=-',
      't=0 0',
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
      'c=IN IP4 0.0.0.0',
      `a=ice-ufrag:${this.id}`,
      `a=fingerprint:sha-256 ${this.fingerprint}`,
      `a=setup:${setup}`,
      '',
    ].join('\r\n')
  }
}

function ufragOf(description: LegacyDescription | undefined): string {
  return /a=ice-ufrag:(\S+)/.exec(description?.sdp ?? '')?.[1] ?? ''
}
