import { randomBytes } from '@mimirjs/crypto'
import { type ByteStream, type Clock, type Listener, type Logger, type Transports, wallClock } from '@mimirjs/transport'
import { MessengerError } from '../../error.js'
import { ServedConnection } from './connection.js'
import { FileIndex } from './file-index.js'
import { FileStore } from './file-store.js'
import { complete, DEFAULT_LIMITS, DEFAULT_SPANS, type FileServerLimits, type FileServerSpans } from './limits.js'
import { Nonces } from './nonces.js'
import { FileServerSession } from './session.js'
import type { FileServerState } from './state.js'

export interface FileServerOptions {
  readonly transports: Transports
  /** Address URL to serve on: `memory://files`, `tcp://127.0.0.1:0`. */
  readonly address: string
  /** Where the files are; made if it is not there. One server per folder. It is laid out as the original's `data`. */
  readonly folder: string
  readonly limits?: Partial<FileServerLimits>
  readonly spans?: Partial<FileServerSpans>
  /** Has to be wall-clock time: the times of the uploads outlive the process. Default the system's. */
  readonly clock?: Clock
  /** Unpredictable bytes, for the nonces. Default those of the system. */
  random?(byteLength: number): Uint8Array
  readonly logger?: Logger
}

export interface FileServerStats {
  readonly connections: number
  readonly files: number
  readonly storedBytes: number
  /** In unfinished uploads. */
  readonly temporaryBytes: number
  readonly nonces: number
}

/** A running file server, made by {@link createFileServer}. */
export interface FileServer {
  /** Address URL really bound. */
  readonly address: string
  stats(): FileServerStats
  /** Stop, and cut all connections. Resolves when nothing is left but the files. Calling it again joins the first call. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Start a file server of the current generation, for tests and for small groups.
 *
 * ```ts
 * const server = await createFileServer({ transports, address: 'tcp://[::1]:8080', folder: './files' })
 * ```
 *
 * @throws {MessengerError} `listen` | `store`
 * @throws {RangeError} for a limit or span out of its range
 */
export async function createFileServer(options: FileServerOptions): Promise<FileServer> {
  const server = new RunningFileServer(options)
  await server.open()
  return server
}

class RunningFileServer implements FileServer {
  readonly #options: FileServerOptions
  readonly #clock: Clock
  readonly #state: FileServerState
  readonly #store: FileStore
  readonly #connections = new Set<ServedConnection>()
  #listener: Listener | undefined
  #connectionIds = 0
  #cancelSweep: (() => void) | undefined
  #onEmpty: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(options: FileServerOptions) {
    this.#options = options
    this.#clock = options.clock ?? wallClock
    const limits = complete('limits', DEFAULT_LIMITS, options.limits)
    this.#state = {
      limits,
      spans: complete('spans', DEFAULT_SPANS, options.spans),
      index: new FileIndex(),
      nonces: new Nonces(limits.nonces),
      random: options.random ?? randomBytes,
    }
    this.#store = new FileStore(options.folder, this.#state)
  }

  get address(): string {
    return this.#listener?.address ?? this.#options.address
  }

  stats(): FileServerStats {
    const { index, nonces } = this.#state
    const { files, storedBytes, temporaryBytes } = index
    return { connections: this.#connections.size, files, storedBytes, temporaryBytes, nonces: nonces.size }
  }

  async open(): Promise<void> {
    const { transports, address, folder } = this.#options
    try {
      await this.#store.open(this.#clock.nowMs())
    } catch (cause) {
      throw new MessengerError('store', `the file server cannot use the folder ${folder}: ${text(cause)}`, { cause })
    }
    try {
      this.#listener = await transports.listen(address, { onStream: (stream) => this.#accept(stream) })
    } catch (cause) {
      throw new MessengerError('listen', `the file server cannot serve on ${address}: ${text(cause)}`, { cause })
    }
    this.#scheduleSweep()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#cancelSweep?.()
    await this.#listener?.close()
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
    for (const connection of this.#connections) connection.abort()
    if (this.#connections.size > 0) await empty
    await this.#store.settled()
  }

  #accept(stream: ByteStream): void {
    if (this.#closing !== undefined || this.#connections.size >= this.#state.limits.connections) {
      stream.abort()
      return
    }
    const session = new FileServerSession(this.#state, ++this.#connectionIds)
    const connection: ServedConnection = new ServedConnection(stream, {
      session,
      store: this.#store,
      clock: this.#clock,
      spans: this.#state.spans,
      logger: this.#options.logger,
      onGone: () => {
        this.#connections.delete(connection)
        if (this.#connections.size === 0) this.#onEmpty?.()
      },
    })
    this.#connections.add(connection)
  }

  #scheduleSweep(): void {
    const { nonces, spans } = this.#state
    this.#cancelSweep = this.#clock.schedule(() => {
      this.#scheduleSweep()
      const nowMs = this.#clock.nowMs()
      nonces.sweep(nowMs - spans.nonceMs)
      for (const connection of this.#connections) connection.sweep()
      this.#store.sweep(nowMs).catch((error: unknown) => {
        this.#options.logger?.error({ err: error }, 'expired files cannot be removed')
      })
    }, spans.sweepMs)
  }
}

function text(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
