import { MessengerError } from '../error.js'
import type { FileChange } from '../store.js'
import { storeError } from '../store-access.js'
import type { Announcement } from './announcement.js'
import { Attempt } from './attempt.js'
import { type FilesContext, pauseAfterMs, sleep } from './context.js'
import type { Landing } from './landing.js'
import { Pace } from './pace.js'
import type { Part } from './part.js'
import { removeParts } from './parts.js'
import type { FileRecord } from './record.js'
import type { Source, SourceEvents } from './source.js'
import type { DownloadedFile, DownloadOptions, FileEvent } from './types.js'
import { Waiters } from './waiters.js'

/** `pause`: keep what has come, if it is of use. `cancel`: throw it away. `close`: go on at the next start. */
export type HowToStop = 'pause' | 'cancel' | 'close'

/**
 * One file that the user wants, until it is there. The wish, and how far it got, are in the store; whatever ends this
 * object, the next one goes on from there.
 */
export class Download implements SourceEvents {
  readonly source: Source
  /** Resolves when nothing happens any more; rejects with `store` when a pause or the end could not be written down. */
  readonly ended: Promise<void>
  readonly #context: FilesContext
  readonly #announcement: Announcement
  readonly #record: FileRecord
  readonly #landing: Landing
  readonly #attempt: Attempt
  readonly #waiters: Waiters
  readonly #stop = new AbortController()
  readonly #pace: Pace
  /** Ends the pause after a failure. */
  #wake = new AbortController()
  #how: HowToStop | undefined
  #isOver = false
  /** Of what comes, in its form. */
  #doneBytes: number

  constructor(
    context: FilesContext,
    announcement: Announcement,
    record: FileRecord,
    landing: Landing,
    makeSource: (events: SourceEvents) => Source,
  ) {
    this.#context = context
    this.#announcement = announcement
    this.#record = record
    this.#landing = landing
    this.#doneBytes = record.row.doneBytes
    this.#waiters = new Waiters(context.report)
    this.#pace = new Pace(context.clock)
    this.source = makeSource(this)
    this.#attempt = new Attempt(context, record, this.source, landing, (why) => this.onRestart(why))
    this.ended = this.#run().catch((cause: unknown) => {
      this.#isOver = true
      this.#waiters.reject(storeError(cause))
      throw cause
    })
    this.ended.catch(context.report)
  }

  /** It is at its end, or was told to stop: whoever comes now is not waited for any more. */
  get isOver(): boolean {
    return this.#isOver || this.#how !== undefined
  }

  /** Something has come that would be lost by a pause. */
  get wouldLose(): boolean {
    return !this.source.canResume && this.#doneBytes > 0
  }

  /** Wait for the end. @throws {MessengerError} `damaged` | `file` | `store` | `aborted` | `closed` | `unknown-file` */
  wait(options: DownloadOptions): Promise<DownloadedFile> {
    return this.#waiters.add(options, () => void this.stop('pause').catch(() => {}))
  }

  /** Resolves when nothing happens any more. A last step that has begun is completed. @throws {MessengerError} `store` */
  stop(how: HowToStop): Promise<void> {
    this.#how ??= how
    this.#stop.abort()
    return this.ended
  }

  /** Put it somewhere else, unless it has its place already. @throws {MessengerError} `store` | `unknown-file` */
  redirect(target: string): Promise<void> {
    return this.#record.commit({ path: this.#context.places.stored(target) })
  }

  /** Do not wait any longer after a failure: something may have changed. */
  retryNow(): void {
    this.#wake.abort()
  }

  onBytes(part: Part): void {
    this.#doneBytes = part.bytes
    if (this.#pace.isDue()) this.#tell({ state: 'progress' })
    this.#attempt.onBytes(part)
  }

  onWaiting(why?: MessengerError): void {
    this.#tell({ state: 'waiting', ...(why ? { error: why } : {}) })
  }

  async onRestart(why: MessengerError): Promise<void> {
    await this.#record.commit({ doneBytes: 0 })
    this.#doneBytes = 0
    this.#tell({ state: 'progress', error: why })
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    await this.#context.fault('wanted')
    for (let failures = 0; !signal.aborted; ) {
      try {
        const path = await this.#attempt.run(this.#announcement.name, signal)
        if (path !== undefined) {
          this.#complete(path)
          return
        }
        failures = 0
      } catch (cause) {
        if (signal.aborted) break
        const error = storeError(cause)
        if (error.code === 'damaged' || error.code === 'unknown-file') {
          await this.#giveUp(error)
          return
        }
        await this.#pauseAfter(error, failures++)
      }
    }
    await this.#halt(this.#how ?? 'close')
  }

  #complete(path: string): void {
    const { name, mimeType } = this.#announcement
    const { sizeBytes } = this.#record.row
    this.#isOver = true
    this.#doneBytes = this.source.byteLength
    this.#tell({ state: 'complete', path })
    this.#waiters.resolve({ path, name, sizeBytes, mimeType })
  }

  async #giveUp(error: MessengerError): Promise<void> {
    this.#isOver = true
    this.#doneBytes = 0
    if (error.code === 'damaged') await this.#removePart({ state: 'failed' })
    this.#tell({ state: 'failed', error })
    this.#waiters.reject(error)
  }

  /** Nothing is lost by a failure of ours or of theirs: it goes on by itself. */
  async #pauseAfter(error: MessengerError, failures: number): Promise<void> {
    const { clock } = this.#context
    const pauseMs = pauseAfterMs(this.#context, error, failures)
    this.#tell({ state: 'waiting', error, retryAtMs: clock.nowMs() + pauseMs })
    // Whoever waits can do something about the disk; the wish stays.
    if (error.code === 'file') this.#waiters.reject(error)
    this.#wake = new AbortController()
    await sleep(clock, pauseMs, this.#stop.signal, this.#wake.signal)
  }

  async #halt(how: HowToStop): Promise<void> {
    if (how === 'close') {
      this.#waiters.reject(new MessengerError('closed', 'the messenger was closed before the file was there'))
      return
    }
    const isLost = !this.source.canResume && this.#doneBytes > 0
    if (how === 'pause' && !isLost) await this.#record.commit({ state: 'known' })
    else {
      this.#doneBytes = 0
      await this.#removePart({ state: 'known', ...(how === 'cancel' ? { path: '' } : {}) })
    }
    const said = how === 'cancel' ? 'cancelled' : 'paused'
    const error = new MessengerError('cannot-resume', "the sender's program only sends files as a whole")
    this.#tell({ state: said, ...(how === 'pause' && isLost ? { error } : {}) })
    this.#waiters.reject(new MessengerError('aborted', `the download was ${said}`))
  }

  /** First the store forgets it, then it goes: what nobody knows of is removed at the next start. */
  async #removePart(change: FileChange): Promise<void> {
    const { partPath, path } = this.#record.row
    await this.#record.commit({ partPath: '', doneBytes: 0, ...change })
    await removeParts(this.#context, this.#landing, partPath, path)
  }

  #tell(event: Pick<FileEvent, 'state'> & Partial<FileEvent>): void {
    const { peer, guid, sizeBytes } = this.#record.row
    const doneBytes = Math.min(this.#doneBytes, sizeBytes)
    this.#context.emit({ peer, id: String(guid), outgoing: false, doneBytes, sizeBytes, ...event })
    if (event.state === 'progress') this.#waiters.progress({ doneBytes, sizeBytes })
  }
}
