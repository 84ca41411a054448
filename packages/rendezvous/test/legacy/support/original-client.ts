// The client of pim, dialect 4, as it was published, as far as its behaviour is described in rendezvous protocol A6, A7,
// A9, A10 and A12. What it does not check, it does not check here either.
import { sha256 } from '@mimirjs/crypto'
import { parseRsaPublicKey, type RsaPrivateKey } from '@mimirjs/crypto/rsa'
import type { Clock } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import {
  decodeBinaryString,
  encodeBinaryString,
  LEGACY_CHALLENGE_HEAD,
  type LegacyCandidate,
  type LegacyDescription,
} from '@mimirjs/wire/rendezvous'
import type { DataChannelLike, PeerConnectionLike, RendezvousPlatform, WebSocketLike } from '../../../src/rtc/types.js'

interface Signal {
  ice_candidates: (LegacyCandidate | null)[]
  desc?: LegacyDescription
}

interface Message {
  readonly type: string
  readonly from: string
  readonly to: string
  readonly signal: Required<Signal>
}

interface Frame {
  readonly type: string
  readonly encrypted: string
  readonly msg: Message
  readonly signature: string
  readonly text: string
  readonly shared: { readonly name?: string }
}

const TICK_MS = 2000

export class OriginalClient {
  readonly pem: string
  readonly peers: Map<string, OriginalPeer> = new Map()
  /** Who the messages were from that it acted upon. */
  readonly processed: string[] = []
  readonly chats: string[] = []
  readonly names: (string | undefined)[] = []
  /** Every challenge that it answered. */
  readonly answered: string[] = []
  /** What was thrown and nobody caught. */
  readonly uncaught: string[] = []
  readonly platform: RendezvousPlatform
  readonly #key: RsaPrivateKey
  readonly #clock: Clock
  readonly #sockets = new Map<WebSocketLike, { isAuthenticated: boolean }>()
  readonly #seen = new Set<string>()
  #cancelTick: () => void = () => {}

  constructor(key: RsaPrivateKey, platform: RendezvousPlatform, clock: Clock) {
    this.pem = key.publicKey.pem
    this.platform = platform
    this.#key = key
    this.#clock = clock
    this.#tick()
  }

  addServer(url: string): void {
    const socket = this.platform.webSocket(url, [])
    const state = { isAuthenticated: false }
    this.#sockets.set(socket, state)
    socket.onopen = () => socket.send(JSON.stringify({ type: 'auth', public_pem: this.pem }))
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data as string) as Frame
      if (frame.type === 'authenticated') state.isAuthenticated = true
      else this.handle(frame, (text) => socket.send(text))
    }
    socket.onclose = () => void this.#sockets.delete(socket)
  }

  connect(pem: string): void {
    if (!this.peers.has(pem)) this.peers.set(pem, new OriginalPeer(this, pem))
  }

  chat(pem: string, text: string): void {
    this.peers.get(pem)?.send(JSON.stringify({ type: 'chat', text }))
  }

  close(): void {
    this.#cancelTick()
    for (const socket of this.#sockets.keys()) socket.close()
  }

  /** Servers and people are handled by the same code: either may send anything. */
  handle(frame: Frame, reply: (text: string) => void): void {
    switch (frame.type) {
      case 'prove-auth': {
        const plaintext = this.#key.decrypt(decodeBinaryString(frame.encrypted, 'encrypted'))
        const decrypted = new TextDecoder().decode(plaintext)
        if (!decrypted.startsWith(LEGACY_CHALLENGE_HEAD)) return
        this.answered.push(decrypted)
        reply(JSON.stringify({ type: 'auth-proof', decrypted }))
        break
      }
      case 'relayed-msg':
        this.#relayed(frame.msg, frame.signature)
        break
      case 'relay-msg':
        this.peers
          .get(frame.msg.to)
          ?.send(JSON.stringify({ type: 'relayed-msg', signature: frame.signature, msg: frame.msg }))
        break
      case 'chat':
        this.chats.push(frame.text)
        break
      case 'shared':
        this.names.push(frame.shared.name)
        break
    }
  }

  /** To every server that took us in, and every person that is ready. */
  signal(to: string, signal: Signal): void {
    const msg = { type: 'signal', signal, from: this.pem, to }
    const signature = encodeBinaryString(this.#key.signSha1(new TextEncoder().encode(JSON.stringify(msg))))
    const frame = JSON.stringify({ type: 'relay-msg', msg, signature })
    for (const [socket, { isAuthenticated }] of this.#sockets) if (isAuthenticated) socket.send(frame)
    for (const peer of this.peers.values()) if (peer.isReady) peer.send(frame)
  }

  #relayed(msg: Message, signature: string): void {
    const text = new TextEncoder().encode(JSON.stringify(msg))
    const hash = toHex(sha256(text))
    if (this.#seen.has(hash)) return
    this.#seen.add(hash)
    if (!parseRsaPublicKey(msg.from).verifySha1(decodeBinaryString(signature, 'signature'), text)) return
    this.processed.push(msg.from)
    this.connect(msg.from)
    void this.peers.get(msg.from)?.receive(msg.signal)
  }

  #tick(): void {
    for (const peer of this.peers.values()) peer.tick()
    this.#cancelTick = this.#clock.schedule(() => this.#tick(), TICK_MS)
  }
}

export class OriginalPeer {
  isReady = false
  /** Connections that were begun. */
  connections = 0
  readonly #client: OriginalClient
  readonly #pem: string
  #own: DataChannelLike | undefined
  #connection: PeerConnectionLike | undefined
  /** Shared by all connections, also by those that were thrown away. */
  #signal: Signal = { ice_candidates: [] }
  #isSent = false
  #counter = 0
  #doublings = 0

  constructor(client: OriginalClient, pem: string) {
    this.#client = client
    this.#pem = pem
    void this.#offer()
  }

  send(text: string): void {
    if (this.#own?.readyState === 'open') this.#own.send(text)
  }

  tick(): void {
    if (this.isReady) {
      this.#doublings = 0
      return
    }
    if (++this.#counter < 2 ** this.#doublings) return
    this.#doublings = Math.min(this.#doublings + 1, 8)
    this.#counter = 0
    void this.#offer()
  }

  async receive({ desc, ice_candidates }: Required<Signal>): Promise<void> {
    this.#counter = -1
    if (this.isReady) return
    try {
      if (desc.type === 'offer') {
        const connection = await this.#make()
        await connection.setRemoteDescription(desc)
        const answer = await connection.createAnswer()
        await connection.setLocalDescription(answer)
        await addAll(connection, ice_candidates)
        this.#describe(answer)
      } else {
        await this.#connection?.setRemoteDescription(desc)
        if (this.#connection !== undefined) await addAll(this.#connection, ice_candidates)
      }
    } catch (error) {
      this.#client.uncaught.push(String(error))
    }
  }

  async #offer(): Promise<void> {
    const connection = await this.#make()
    const offer = await connection.createOffer()
    await connection.setLocalDescription(offer)
    this.#describe(offer)
  }

  /** The one before is thrown away, but not closed: what it still finds goes into the same signal. */
  async #make(): Promise<PeerConnectionLike> {
    const connection = await this.#client.platform.createPeerConnection({ iceServers: [], iceTransportPolicy: 'all' })
    this.connections++
    this.#connection = connection
    this.#signal = { ice_candidates: [] }
    this.#isSent = false
    const own = connection.createDataChannel('data', { ordered: true, protocol: '' })
    this.#own = own
    connection.onicecandidate = ({ candidate }) => {
      this.#signal.ice_candidates.push(candidate && (JSON.parse(JSON.stringify(candidate)) as LegacyCandidate))
      this.#sendWhenWhole()
    }
    connection.ondatachannel = ({ channel }) => {
      this.isReady = true
      channel.onmessage = ({ data }) => {
        this.#client.handle(JSON.parse(data as string) as Frame, (text) => own.send(text))
      }
    }
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === 'disconnected' && connection === this.#connection) this.isReady = false
    }
    return connection
  }

  #describe(description: LegacyDescription): void {
    this.#signal.desc = description
    this.#sendWhenWhole()
  }

  /** Once, when the end of the candidates is there and is not the first. */
  #sendWhenWhole(): void {
    const { desc, ice_candidates } = this.#signal
    if (this.#isSent || desc === undefined || ice_candidates.indexOf(null) <= 0) return
    this.#isSent = true
    this.#client.signal(this.#pem, { ice_candidates, desc })
  }
}

async function addAll(connection: PeerConnectionLike, candidates: readonly (LegacyCandidate | null)[]): Promise<void> {
  for (const candidate of candidates)
    if (candidate !== null) await connection.addIceCandidate(candidate).catch(() => {})
}
