import { MessengerError } from '../error.js'
import type { FileServerClient } from '../file-server/client.js'

/** What transfers need of a client of a file server. */
export type ServerClient = Pick<FileServerClient, 'upload' | 'download' | 'close'>

interface Open {
  readonly client: ServerClient
  users: number
}

/** Clients of file servers, each open while it is used; our own as long as we are. */
export class FileServers {
  readonly #connect: (server: string) => ServerClient
  readonly #own: string | undefined
  readonly #open = new Map<string, Open>()
  readonly #closing = new Set<Promise<void>>()
  #isClosed = false

  /**
   * @param connect - makes a client; the argument is the node key of the server, 64 lower-case hex digits
   * @param own - the server we upload to: its client stays
   */
  constructor(connect: (server: string) => ServerClient, own: string | undefined) {
    this.#connect = connect
    this.#own = own
  }

  /** @throws {MessengerError} `closed`, or what `work` rejects with */
  async use<T>(server: string, work: (client: ServerClient) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new MessengerError('closed', 'the messenger is closed')
    const open = this.#open.get(server) ?? { client: this.#connect(server), users: 0 }
    this.#open.set(server, open)
    open.users++
    try {
      return await work(open.client)
    } finally {
      // Others name servers as they like: none stays when it is not used.
      if (--open.users === 0 && server !== this.#own) this.#leave(server, open)
    }
  }

  #leave(server: string, { client }: Open): void {
    this.#open.delete(server)
    const closing = client.close().catch(() => {})
    this.#closing.add(closing)
    void closing.finally(() => this.#closing.delete(closing))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const [server, open] of this.#open) this.#leave(server, open)
    await Promise.all(this.#closing)
  }
}
