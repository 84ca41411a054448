import { createSigner, generateSeed, type SeedSigner } from '@mimirjs/crypto'
import { type Connection, type ConnectionHandlers, Peer, type PeerOptions } from '@mimirjs/peer'
import { type StreamTransport, Transports } from '@mimirjs/transport'
import { fromHex, toHex } from '@mimirjs/wire'
import { MessageType } from '@mimirjs/wire/peer'
import { leftovers } from './leftovers.js'
import { Person, type PersonOptions } from './people.js'

export interface NetworkPersonOptions extends PersonOptions {
  readonly transport: StreamTransport
  /** Where to listen; without it this person only dials. */
  readonly listen?: string
  readonly signer?: SeedSigner
  readonly peer?: Partial<PeerOptions>
}

/** Somebody with transfers and real sessions. Whoever has files to fetch dials, as a messenger does. */
export class NetworkPerson {
  readonly signer: SeedSigner
  readonly person: Person
  readonly peer: Peer
  readonly connections: Connection[] = []
  address = ''
  /** Where others are, by key. */
  readonly addresses = new Map<string, string>()
  readonly #dialling = new Set<string>()
  #isClosed = false

  constructor(options: NetworkPersonOptions) {
    this.signer = options.signer ?? createSigner(generateSeed())
    const key = toHex(this.signer.publicKey)
    this.person = new Person({
      ...options,
      key,
      connectionsOf: (peer) => this.#connectionsOf(peer),
      onKick: (peer) => void this.#dial(peer),
    })
    this.peer = new Peer({
      signer: this.signer,
      transports: new Transports([options.transport]),
      clientId: 7,
      generation: 'current',
      challenges: { bound: true },
      limits: { connectionsPerIdentity: 1_000, signaturesPerMinute: 1_000_000 },
      onConnection: (connection) => this.#welcome(connection),
      ...options.peer,
    })
    leftovers.push(() => this.peer.close({ timeoutMs: 1_000 }))
  }

  async listen(address: string): Promise<string> {
    this.address = (await this.peer.listen(address)).address
    return this.address
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.person.transfers.close()
    await this.peer.close({ timeoutMs: 1_000 })
  }

  /** Until there is a connection, or nobody wants one any more; others may be elsewhere by now. */
  async #dial(peer: string): Promise<void> {
    if (this.#dialling.has(peer)) return
    this.#dialling.add(peer)
    const isWanted = (): boolean =>
      this.person.transfers.wants(peer) && !this.#isClosed && this.#connectionsOf(peer).length === 0
    while (isWanted()) {
      const address = this.addresses.get(peer)
      if (address !== undefined) await this.peer.connect(fromHex(peer), [address]).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    this.#dialling.delete(peer)
  }

  #connectionsOf(peer: string): Connection[] {
    return this.connections.filter(({ remotePublicKey }) => toHex(remotePublicKey) === peer)
  }

  #welcome(connection: Connection): ConnectionHandlers {
    const peer = toHex(connection.remotePublicKey)
    const { transfers } = this.person
    this.connections.push(connection)
    queueMicrotask(() => {
      if (!connection.closed) transfers.attached(peer, connection)
    })
    return {
      message: (frame) => {
        if (frame.messageType === MessageType.fileResponse) transfers.inlineResponse(peer, connection, frame)
        else connection.acknowledge(frame.guid)
      },
      acknowledged: () => {},
      writable: () => transfers.writable(connection),
      fileRequest: (request) => transfers.serve(peer, connection, request),
      file: (header) => transfers.sink(peer, connection, header),
      closed: () => {
        this.connections.splice(this.connections.indexOf(connection), 1)
        transfers.detached(peer, connection)
        void this.#dial(peer)
      },
    }
  }
}
