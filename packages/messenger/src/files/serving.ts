import { type Connection, type IncomingFileRequest, isPeerError } from '@mimirjs/peer'
import { isMessengerError, type MessengerError } from '../error.js'
import type { StoredFile } from '../store.js'
import type { FilesContext } from './context.js'
import { GuidNotes } from './guid-notes.js'
import { Response } from './response.js'

/** Requests of one connection: one is served, the others wait. */
interface Line {
  readonly peer: string
  readonly queue: IncomingFileRequest[]
  /** Those in the queue and the one that is served. */
  readonly keys: Set<string>
  response: Response | undefined
  isBusy: boolean
}

/**
 * Answers requests for files that we announced. Everything else is met with silence, as the originals do: whoever asks
 * for what was not announced to them, or under another hash, learns nothing. Source: current protocol §9.
 */
export class Serving {
  readonly #context: FilesContext
  readonly #lines = new Map<Connection, Line>()
  /** Requests that wait, by peer. */
  readonly #queued = new Map<string, number>()
  readonly #working = new Set<Promise<void>>()
  /** Files that were said to be too large; the other side may ask as often as it likes. */
  readonly #told = new GuidNotes()
  #isClosed = false

  constructor(context: FilesContext) {
    this.#context = context
  }

  /** Never throws; what is not answered is ignored. */
  request(peer: string, connection: Connection, request: IncomingFileRequest): void {
    const { limits, logger } = this.#context
    if (this.#isClosed || connection.closed) return
    const line = this.#lines.get(connection) ?? {
      peer,
      queue: [],
      keys: new Set<string>(),
      response: undefined,
      isBusy: false,
    }
    const key = keyOf(request)
    if (line.keys.has(key)) return
    const queued = this.#queued.get(peer) ?? 0
    if (queued >= limits.queuedRequests) {
      logger?.debug({ peer, messageId: String(request.guid) }, 'too many file requests; this one is ignored')
      return
    }
    line.keys.add(key)
    line.queue.push(request)
    this.#queued.set(peer, queued + 1)
    this.#lines.set(connection, line)
    this.#next()
  }

  /** There is room on the connection again. */
  writable(connection: Connection): void {
    this.#lines.get(connection)?.response?.writable()
  }

  lost(connection: Connection): void {
    const line = this.#lines.get(connection)
    if (line === undefined) return
    line.response?.lost()
    while (line.queue.length > 0) this.#take(line)
    if (!line.isBusy) this.#lines.delete(connection)
  }

  /** The file is not offered any more. */
  withdrawn(peer: string, guid: bigint): void {
    for (const line of this.#lines.values()) {
      if (line.peer === peer && line.response?.guid === guid) line.response.lost()
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const connection of [...this.#lines.keys()]) this.lost(connection)
    await Promise.all(this.#working)
  }

  #next(): void {
    for (const [connection, line] of this.#lines) {
      if (this.#working.size >= this.#context.limits.serves) return
      const request = line.isBusy ? undefined : this.#take(line)
      if (request === undefined) continue
      line.isBusy = true
      const work = this.#serve(line, connection, request).finally(() => {
        this.#working.delete(work)
        line.isBusy = false
        line.response = undefined
        line.keys.delete(keyOf(request))
        // Behind the others, if there is more.
        this.#lines.delete(connection)
        if (line.queue.length > 0) this.#lines.set(connection, line)
        this.#next()
      })
      this.#working.add(work)
    }
  }

  #take(line: Line): IncomingFileRequest | undefined {
    const request = line.queue.shift()
    if (request === undefined) return undefined
    const left = (this.#queued.get(line.peer) ?? 1) - 1
    if (left === 0) this.#queued.delete(line.peer)
    else this.#queued.set(line.peer, left)
    return request
  }

  /** Never rejects. */
  async #serve(line: Line, connection: Connection, request: IncomingFileRequest): Promise<void> {
    const { store, logger } = this.#context
    const { peer } = line
    const fields = { peer, messageId: String(request.guid) }
    try {
      const file = await store.announcedFile(peer, request.name)
      const isAnnounced = file?.state === 'offered' && file.server === '' && file.guid === request.guid
      if (!isAnnounced || file.hash !== request.hash.toLowerCase()) {
        logger?.debug(fields, 'a file was asked for that was not announced')
        return
      }
      if (connection.closed || this.#isClosed) return
      line.response = new Response(this.#context, connection, file, request.range)
      await line.response.send().catch((cause: unknown) => {
        if (isMessengerError(cause) && cause.code === 'too-large') this.#tellTooLarge(connection, file, cause)
        else throw cause
      })
    } catch (cause) {
      // Peers may ask as often as they like: nothing that they can repeat is worth an event.
      if (isPeerError(cause)) logger?.debug({ ...fields, err: cause }, 'a file could not be sent')
      else logger?.warn({ ...fields, err: cause }, 'a file that was asked for cannot be sent')
    }
  }

  #tellTooLarge(connection: Connection, { peer, guid, sizeBytes }: StoredFile, error: MessengerError): void {
    if (this.#told.has(connection, guid)) return
    this.#told.add(connection, guid)
    const { emit, logger } = this.#context
    logger?.warn({ peer, messageId: String(guid) }, error.message)
    emit({ peer, id: String(guid), outgoing: true, state: 'failed', doneBytes: 0, sizeBytes, error })
  }
}

function keyOf({ guid, name, range }: IncomingFileRequest): string {
  return `${guid} ${range?.offset ?? ''} ${range?.maxBytes ?? ''} ${name}`
}
