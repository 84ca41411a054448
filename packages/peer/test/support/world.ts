import type { SeedSigner } from '@mimirjs/crypto'
import { type StreamTransport, Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { tcp } from '@mimirjs/transport/tcp'
import {
  type Connection,
  type ConnectionHandlers,
  Peer,
  type PeerError,
  type PeerLimits,
  type PeerOptions,
} from '../../src/index.js'
import { message } from './machine.js'

/** Everything comes from one address in these tests, which the defaults exist to prevent. */
export const ROOMY: Partial<PeerLimits> = {
  unauthenticated: 10_000,
  unauthenticatedPerAddress: 10_000,
  signaturesPerMinute: 1_000_000,
  connectionsPerIdentity: 1_000,
}

/** One peer with everything it was told, and an application that acknowledges at once. */
export class Resident {
  readonly peer: Peer
  readonly connections: Connection[] = []
  readonly received: string[] = []
  readonly acknowledged: bigint[] = []
  readonly ended: (PeerError | undefined)[] = []
  /** Replaces parts of the application. */
  handlers: (connection: Connection) => Partial<ConnectionHandlers> = () => ({})
  readonly #waiting: { isTrue(): boolean; resolve(): void }[] = []

  constructor(signer: SeedSigner, transports: readonly StreamTransport[], options: Partial<PeerOptions> = {}) {
    this.peer = new Peer({
      signer,
      transports: new Transports(transports),
      clientId: 7,
      limits: ROOMY,
      onConnection: (connection) => this.#welcome(connection),
      ...options,
    })
  }

  #welcome(connection: Connection): ConnectionHandlers {
    this.connections.push(connection)
    this.#changed()
    return {
      message: ({ guid, payload }) => {
        this.received.push(new TextDecoder().decode(payload))
        connection.acknowledge(guid)
        this.#changed()
      },
      acknowledged: (guid) => {
        this.acknowledged.push(guid)
        this.#changed()
      },
      writable: () => this.#changed(),
      closed: (error) => {
        this.ended.push(error)
        this.#changed()
      },
      ...this.handlers(connection),
    }
  }

  /** Look again at what {@link until} waits for. */
  changed(): void {
    this.#changed()
  }

  /** Resolves when this has become true of what the peer was told. */
  until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ isTrue, resolve })
      this.#changed()
    })
  }

  #changed(): void {
    for (const waiter of [...this.#waiting]) {
      if (!waiter.isTrue()) continue
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
      waiter.resolve()
    }
  }
}

/** A transport of each kind and where to listen on it. */
export const NETWORKS = [
  { name: 'tcp', listenAddress: 'tcp://127.0.0.1:0', make: (): StreamTransport => tcp() },
  { name: 'memory', listenAddress: 'memory://somewhere', make: (): StreamTransport => createMemoryNetwork().streams },
] as const

export function say(connection: Connection, guid: bigint, text: string): void {
  connection.send(message(guid, text))
}

export const turns = async (count = 3): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
