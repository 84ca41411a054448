import { createSigner, generateSeed, randomBytes } from '@mimirjs/crypto'
import type { Connection } from '@mimirjs/peer'
import { type Clock, steadyClock } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import { MessageType } from '@mimirjs/wire/peer'
import type { OutgoingFile } from '../../../src/content.js'
import type { Disk } from '../../../src/files/disk.js'
import type { FaultHook } from '../../../src/files/faults.js'
import type { ServerClient } from '../../../src/files/servers.js'
import { Transfers } from '../../../src/files/transfers.js'
import type { FileEvent, TransferLimits } from '../../../src/files/types.js'
import { nodeDisk } from '../../../src/platform/node/disk.js'
import type { Store, StoredMessage } from '../../../src/store.js'
import { createMemoryStore } from '../../../src/store-memory.js'
import { FakeLink, type LinkOptions } from './fake-link.js'
import { newFolder } from './folders.js'
import { leftovers } from './leftovers.js'

export interface PersonOptions {
  readonly key?: string
  readonly store?: Store
  readonly folder?: string
  readonly clock?: Clock
  readonly disk?: Disk
  readonly limits?: Partial<TransferLimits>
  readonly fileServer?: string
  readonly connectFileServer?: (server: string) => ServerClient
  readonly faults?: FaultHook
  /** Default: those of {@link connect}. */
  readonly connectionsOf?: (peer: string) => readonly Connection[]
  /** Somebody wants a connection. */
  readonly onKick?: (peer: string) => void
}

/** Somebody with transfers, a store and a folder. */
export class Person {
  readonly key: string
  readonly store: Store
  readonly folder: string
  readonly events: FileEvent[] = []
  readonly errors: unknown[] = []
  readonly kicks: string[] = []
  readonly transfers: Transfers
  readonly links: { readonly peer: string; readonly end: FakeLink['a'] }[] = []
  readonly #waiting = new Set<() => void>()

  constructor(options: PersonOptions = {}) {
    this.key = options.key ?? toHex(createSigner(generateSeed()).publicKey)
    this.store = options.store ?? createMemoryStore()
    this.folder = options.folder ?? newFolder()
    this.transfers = new Transfers({
      store: this.store,
      folder: this.folder,
      clock: options.clock ?? steadyClock,
      retry: { minMs: 5, maxMs: 20 },
      connections:
        options.connectionsOf ??
        ((peer) => this.links.filter((link) => link.peer === peer).map(({ end }) => end.connection)),
      kick: (peer) => {
        this.kicks.push(peer)
        options.onKick?.(peer)
      },
      fileServer: options.fileServer,
      connectFileServer: options.connectFileServer ?? (() => Promise.reject(new Error('no server')) as never),
      limits: { reserveBytes: 0, ...options.limits },
      onEvent: (event) => {
        this.events.push(event)
        for (const look of this.#waiting) look()
      },
      onError: (error) => this.errors.push(error),
      disk: options.disk ?? nodeDisk,
      ...(options.faults ? { faults: options.faults } : {}),
    })
    leftovers.push(() => this.transfers.close())
  }

  /** Send a file to somebody, up to where the message is on our disk. */
  send(to: string, file: OutgoingFile, text = ''): Promise<StoredMessage> {
    const guid = new DataView(randomBytes(8).buffer).getBigInt64(0)
    const messageType = MessageType.file
    return this.transfers.enqueue(
      { peer: to, guid, replyTo: 0n, messageType, sendTimeMs: 1, editTimeMs: 0 },
      { kind: 'file', messageType, replyTo: 0n, file, text, carriage: 'announced', maxInlineBytes: 0 },
    )
  }

  /** The message arrives here. */
  async receive(from: string, { guid, payload, messageType }: Pick<StoredMessage, 'guid' | 'payload' | 'messageType'>) {
    const times = { sendTimeMs: 1, editTimeMs: 0, receivedMs: 1 }
    await this.store.receive({ peer: from, guid, payload, messageType, replyTo: 0n, ...times })
  }

  states(): string[] {
    return this.events.map(({ state }) => state).filter((state) => state !== 'progress')
  }

  /** The first event that is so, of the past or of the future. */
  async event(test: (event: FileEvent) => boolean): Promise<FileEvent> {
    for (;;) {
      const found = this.events.find(test)
      if (found) return found
      await new Promise<void>((resolve) => {
        const look = (): void => {
          this.#waiting.delete(look)
          resolve()
        }
        this.#waiting.add(look)
      })
    }
  }
}

/** Connect two; each end does what a messenger does. */
export function connect(a: Person, b: Person, options: LinkOptions = {}): FakeLink {
  const link = new FakeLink(a.key, b.key, options)
  attach(a, b.key, link.a)
  attach(b, a.key, link.b)
  return link
}

export function attach(person: Person, peer: string, end: FakeLink['a']): void {
  const { transfers, links } = person
  const { connection } = end
  end.handlers = {
    fileRequest: (request) => transfers.serve(peer, connection, request),
    file: (header) => transfers.sink(peer, connection, header),
    inline: (frame) => transfers.inlineResponse(peer, connection, frame),
    writable: () => transfers.writable(connection),
    closed: () => {
      links.splice(
        links.findIndex((entry) => entry.end === end),
        1,
      )
      transfers.detached(peer, connection)
    },
  }
  links.push({ peer, end })
  setImmediate(() => {
    if (!end.closed) transfers.attached(peer, connection)
  })
}

/** Two people, and a file that one has sent to the other, who has the message. */
export async function sent(
  file: OutgoingFile,
  options: { sender?: PersonOptions; receiver?: PersonOptions } = {},
): Promise<{ ann: Person; ben: Person; message: StoredMessage }> {
  const ann = new Person(options.sender)
  const ben = new Person(options.receiver)
  const message = await ann.send(ben.key, file)
  await ben.receive(ann.key, message)
  return { ann, ben, message }
}
