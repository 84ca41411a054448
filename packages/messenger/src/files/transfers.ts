import { randomBytes } from '@mimirjs/crypto'
import type { Connection, DataSink, IncomingFileRequest } from '@mimirjs/peer'
import type { Clock, Logger } from '@mimirjs/transport'
import type { DataHeader, TextFrame } from '@mimirjs/wire/peer'
import type { FileContent, OutgoingBlob, OutgoingBytes, OutgoingPath } from '../content.js'
import type { RetryOptions } from '../courier.js'
import { isMessengerError, MessengerError } from '../error.js'
import type { NewOutgoing, Store, StoredMessage } from '../store.js'
import { storeError } from '../store-access.js'
import type { FilesContext } from './context.js'
import type { Disk } from './disk.js'
import { Downloads } from './downloads.js'
import type { FaultHook } from './faults.js'
import { removeOrphanDownloads, removeOrphans } from './orphans.js'
import { removeStored, removeThenFiles } from './parts.js'
import { readBlob } from './pieces.js'
import { Places } from './places.js'
import { FileServers, type ServerClient } from './servers.js'
import { Serving } from './serving.js'
import { readOutgoing, stage } from './staging.js'
import {
  DEFAULT_TRANSFER_LIMITS,
  type DownloadedFile,
  type DownloadOptions,
  type FileEvent,
  type TransferLimits,
} from './types.js'
import { Uploads } from './uploads.js'

export interface TransfersOptions {
  readonly store: Store
  /** The messenger's folder. Nothing is made in it before there is a file to put into it. */
  readonly folder: string
  readonly clock: Clock
  readonly logger?: Logger
  /** Pauses between attempts at a file server that cannot be reached. */
  readonly retry: RetryOptions
  /** READY connections to a peer, oldest first. */
  connections(peer: string): readonly Connection[]
  /** There is something to fetch from this peer, or a message to it can be sent now. */
  kick(peer: string): void
  /** Node key of the file server that gets what we send, 64 lower-case hex digits; without it the receiver asks us. */
  readonly fileServer?: string | undefined
  /** A client of a file server, named by its node key, 64 lower-case hex digits. */
  connectFileServer(server: string): ServerClient
  readonly limits?: Partial<TransferLimits>
  onEvent(event: FileEvent): void
  /** Something in the background failed; it is tried again. */
  onError(error: unknown): void
  /** Strong random bytes. Default: the system's. */
  random?(byteLength: number): Uint8Array
  /** Default: the file system of this machine. */
  readonly disk: Disk
  /** Called at each step at which a process may end; for tests. */
  readonly faults?: FaultHook
}

/** The files of the current generation, between store, disk, peers and file servers. */
export class Transfers {
  readonly #context: FilesContext
  readonly #server: string | undefined
  readonly #servers: FileServers
  readonly #uploads: Uploads
  readonly #downloads: Downloads
  readonly #serving: Serving
  #isClosed = false

  constructor(options: TransfersOptions) {
    const { store, clock, retry, faults, onError, fileServer } = options
    this.#context = {
      store,
      clock,
      retry,
      disk: options.disk,
      places: new Places(options.folder),
      logger: options.logger,
      limits: { ...DEFAULT_TRANSFER_LIMITS, ...options.limits },
      random: (byteLength) => (options.random ?? randomBytes)(byteLength),
      fault: async (point) => {
        await faults?.(point)
      },
      emit: (event) => options.onEvent(event),
      report: (error) => onError(error),
    }
    this.#server = fileServer
    this.#servers = new FileServers((server) => options.connectFileServer(server), fileServer)
    this.#uploads = new Uploads(this.#context, {
      servers: this.#servers,
      server: fileServer,
      onPrepared: (peer) => options.kick(peer),
    })
    this.#downloads = new Downloads(this.#context, this.#servers, fileServer, {
      connections: (peer) => options.connections(peer),
      kick: (peer) => options.kick(peer),
    })
    this.#serving = new Serving(this.#context)
  }

  /**
   * Remove what the last process left half done and go on with the rest. To be called once, before everything else and
   * after {@link Store.discardHeld}. @throws {MessengerError} `store` | `in-use` for a disk that another page does not let go of
   */
  async start(): Promise<void> {
    try {
      await removeOrphans(this.#context).catch((cause: unknown) => {
        if (isMessengerError(cause) && cause.code === 'in-use') throw cause
        this.#context.report(cause)
      })
      await this.#uploads.resume()
      await this.#downloads.resume()
    } catch (cause) {
      throw storeError(cause)
    }
  }

  /**
   * Accept a message that announces a file: the file is copied, then both are committed in one step. With a file server
   * the message is `preparing` until the upload has succeeded. Nothing is left behind when it rejects.
   * @throws {MessengerError} `file` | `too-large` | `store` | `closed`
   */
  async enqueue(message: Omit<NewOutgoing, 'payload' | 'state'>, content: FileContent): Promise<StoredMessage> {
    this.#assertOpen()
    const { store, disk, places, report } = this.#context
    const { file, payload, state } = await stage(this.#context, content, this.#server)
    let stored: StoredMessage
    try {
      stored = await store.enqueue({ ...message, payload, ...(state === undefined ? {} : { state }) }, file)
    } catch (cause) {
      await disk.remove(places.real(file.path)).catch(report)
      throw storeError(cause)
    }
    const { peer, guid } = message
    if (file.state === 'preparing' && !this.#isClosed) this.#uploads.start({ ...file, peer, guid, outgoing: true })
    return stored
  }

  /**
   * A file that is not in memory as one that is, for messages that carry their file inside.
   * @throws {MessengerError} `file` | `too-large`
   */
  read(file: OutgoingPath | OutgoingBlob, maxBytes: number): Promise<OutgoingBytes> {
    return readOutgoing(this.#context.disk, file, maxBytes)
  }

  /**
   * What is in the file of a message, as far as it is on our disk: an incoming one that is complete, a copy of what we sent.
   * @throws {MessengerError} `unknown-file` | `file` | `store`
   */
  async blob(peer: string, guid: bigint, outgoing: boolean): Promise<Blob> {
    const { store, disk, places } = this.#context
    const file = await store.file(peer, outgoing, guid).catch((cause: unknown) => {
      throw storeError(cause)
    })
    if (file === undefined || file.path === '' || !(outgoing || file.state === 'complete'))
      throw new MessengerError('unknown-file', `the file of message ${guid} is not here: download it`)
    return readBlob(disk, places.real(file.path), file.sizeBytes)
  }

  /**
   * Fetch the file of a message and put it on disk. The wish is kept: whatever happens to this call or this process, the
   * download goes on until it is complete, {@link pause | paused}, {@link cancel | cancelled}, or what came is damaged
   * twice. A signal that fires ends the call, and pauses the download unless somebody else waits for it. A file that is
   * there already stays where it is.
   * @throws {MessengerError} `unknown-file` the message announces none | `unsupported` | `file` the disk or the place to
   * put it; unless the place was refused at once, it is tried again by itself | `damaged` | `store` | `aborted` | `closed`
   */
  download(peer: string, guid: bigint, options: DownloadOptions = {}): Promise<DownloadedFile> {
    if (this.#isClosed) return Promise.reject(closed())
    return this.#downloads.download(peer, guid, options)
  }

  /**
   * Stop a download and keep what has come; {@link download} goes on from there. Those who wait for it get `aborted`.
   * @throws {MessengerError} `unknown-file` | `cannot-resume` for an original client that has sent a part of it already: the
   * download goes on | `store`
   */
  pause(peer: string, guid: bigint): Promise<void> {
    return this.#downloads.pause(peer, guid)
  }

  /** Stop a download and throw away what has come. What is complete stays. @throws {MessengerError} `unknown-file` | `store` */
  cancel(peer: string, guid: bigint): Promise<void> {
    return this.#downloads.cancel(peer, guid)
  }

  /**
   * Delete a message, stop what is done about its file, and remove our copy of it. What was downloaded is the user's, and
   * stays, except where only we can get at it. Where there is no room to write that down, what there is of the file goes
   * first, and makes some. If that is not enough, the message stays without it, and one that is still to be sent is sent.
   * @returns false when there is no such message @throws {MessengerError} `store`
   */
  async remove(peer: string, guid: bigint, outgoing: boolean): Promise<boolean> {
    const { store } = this.#context
    const remove = (): Promise<boolean> =>
      store.remove(peer, guid, outgoing).catch((cause: unknown) => {
        throw storeError(cause)
      })
    if (!outgoing) return this.#downloads.remove(peer, guid, remove)
    await this.#uploads.stop(peer, guid)
    const file = await store.file(peer, true, guid)
    return removeThenFiles(remove, async () => {
      this.#serving.withdrawn(peer, guid)
      await removeStored(this.#context, file?.path ?? '')
    })
  }

  /** A group was deleted, with all that was said in it: remove what only we can get at. */
  async groupRemoved(): Promise<void> {
    await removeOrphanDownloads(this.#context).catch(this.#context.report)
  }

  /** The network is back, or there is room on the disk: wait no longer after failures. */
  retryNow(): void {
    this.#uploads.retryNow()
    this.#downloads.retryNow()
  }

  /** A download needs a connection to this peer, or uses one. */
  wants(peer: string): boolean {
    return this.#downloads.wants(peer)
  }

  /** A connection is READY. */
  attached(peer: string, _connection: Connection): void {
    this.#downloads.attached(peer)
  }

  /** A connection ended. */
  detached(peer: string, connection: Connection): void {
    this.#downloads.detached(peer, connection)
    this.#serving.lost(connection)
  }

  /** There is room on a connection again. */
  writable(connection: Connection): void {
    this.#serving.writable(connection)
  }

  /** A peer asks for a file, or for a part of one. */
  serve(peer: string, connection: Connection, request: IncomingFileRequest): void {
    this.#serving.request(peer, connection, request)
  }

  /** A file comes in. `undefined`: nobody has asked for it. */
  sink(peer: string, connection: Connection, header: DataHeader): DataSink | undefined {
    return this.#isClosed ? undefined : this.#downloads.sink(peer, connection, header)
  }

  /** A small file comes in, as a message of type 4001. It is acknowledged, or refused, here. */
  inlineResponse(peer: string, connection: Connection, frame: TextFrame): void {
    if (this.#isClosed) connection.refuse(frame.guid)
    else this.#downloads.inline(peer, connection, frame)
  }

  /** Stop everything; what is not complete goes on at the next start. Resolves when nothing touches store or disk. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([this.#downloads.close(), this.#uploads.close(), this.#serving.close()])
    await this.#servers.close()
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closed()
  }
}

function closed(): MessengerError {
  return new MessengerError('closed', 'the messenger is closed')
}
