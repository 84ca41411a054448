import { encryptedFileSize } from '@mimirjs/crypto'
import { fromHex } from '@mimirjs/wire'
import { decodeAttachmentMetadata, encodeAttachmentMetadata } from '@mimirjs/wire/content'
import type { MessengerError } from '../error.js'
import type { StoredFile } from '../store.js'
import { storeError } from '../store-access.js'
import { type FilesContext, pauseAfterMs, sleep } from './context.js'
import { Pace } from './pace.js'
import type { FileServers } from './servers.js'
import { Slots } from './slots.js'
import { encryptedPieces } from './staging.js'
import type { FileEvent } from './types.js'

interface Running {
  readonly stop: AbortController
  /** Ends the pause after a failure. */
  wake: AbortController
  ended: Promise<void>
}

export interface UploadsOptions {
  readonly servers: FileServers
  /** The file server that we use now, 64 hex digits; without one, that of the time when the message was sent. */
  readonly server: string | undefined
  /** The message can be sent. */
  onPrepared(peer: string): void
}

/**
 * Files that have to be on the file server before their messages can be sent. Key and hash were chosen with the message,
 * so that every attempt brings the same bytes, and one that succeeded unnoticed costs nothing. No refusal makes a message
 * go away: it is tried again, later.
 */
export class Uploads {
  readonly #context: FilesContext
  readonly #options: UploadsOptions
  readonly #slots: Slots
  readonly #running = new Map<string, Running>()

  constructor(context: FilesContext, options: UploadsOptions) {
    this.#context = context
    this.#options = options
    this.#slots = new Slots(context.limits.uploads)
  }

  async resume(): Promise<void> {
    for (const file of await this.#context.store.files('preparing')) this.start(file)
  }

  /** @param file - `preparing`, in the store */
  start(file: StoredFile): void {
    const key = `${file.peer}${file.guid}`
    if (this.#running.has(key)) return
    const running: Running = { stop: new AbortController(), wake: new AbortController(), ended: Promise.resolve() }
    this.#running.set(key, running)
    running.ended = this.#run(file, running)
      .catch(this.#context.report)
      .finally(() => this.#running.delete(key))
  }

  /** Do not wait any longer after failures: something may have changed. */
  retryNow(): void {
    for (const { wake } of this.#running.values()) wake.abort()
  }

  async stop(peer: string, guid: bigint): Promise<void> {
    const running = this.#running.get(`${peer}${guid}`)
    running?.stop.abort()
    await running?.ended
  }

  async close(): Promise<void> {
    for (const { stop } of this.#running.values()) stop.abort()
    await Promise.all([...this.#running.values()].map(({ ended }) => ended))
  }

  async #run(file: StoredFile, running: Running): Promise<void> {
    const { signal } = running.stop
    await this.#context.fault('upload-starting')
    for (let failures = 0; !signal.aborted; failures++) {
      const leave = await this.#slots.take(signal)
      let failure: MessengerError
      try {
        if (leave) await this.#attempt(file, signal)
        return
      } catch (cause) {
        if (signal.aborted) return
        failure = storeError(cause)
      } finally {
        leave?.()
      }
      await this.#pauseAfter(file, failure, failures, running)
    }
  }

  async #attempt(file: StoredFile, signal: AbortSignal): Promise<void> {
    const { disk, places, clock, fault, store } = this.#context
    const { peer, guid, key, hash, sizeBytes } = file
    if (key === undefined) return
    const server = this.#options.server ?? file.server
    const pace = new Pace(clock)
    await this.#options.servers.use(server, (client) =>
      client.upload(
        {
          guid,
          hash: fromHex(hash),
          sizeBytes: encryptedFileSize(sizeBytes),
          open: () => encryptedPieces(disk, places.real(file.path), sizeBytes, key),
        },
        {
          signal,
          onProgress: (doneBytes) => {
            if (pace.isDue()) this.#tell(file, { state: 'progress', doneBytes: Math.min(doneBytes, sizeBytes) })
          },
        },
      ),
    )
    await fault('uploaded')
    const message = await store.message(peer, guid, true)
    if (message === undefined) return
    const announced = decodeAttachmentMetadata(message.payload)
    const payload = encodeAttachmentMetadata({ ...announced, server: fromHex(server) })
    await store.prepared(peer, guid, payload, { state: 'offered', server })
    await fault('prepared')
    this.#tell(file, { state: 'complete', doneBytes: sizeBytes })
    this.#options.onPrepared(peer)
  }

  async #pauseAfter(file: StoredFile, error: MessengerError, failures: number, running: Running): Promise<void> {
    const { clock } = this.#context
    const pauseMs = pauseAfterMs(this.#context, error, failures)
    this.#tell(file, { state: 'waiting', doneBytes: 0, error, retryAtMs: clock.nowMs() + pauseMs })
    running.wake = new AbortController()
    await sleep(clock, pauseMs, running.stop.signal, running.wake.signal)
  }

  #tell(
    { peer, guid, sizeBytes }: StoredFile,
    event: Pick<FileEvent, 'state' | 'doneBytes'> & Partial<FileEvent>,
  ): void {
    this.#context.emit({ peer, id: String(guid), outgoing: true, sizeBytes, ...event })
  }
}
