import { createSha256 } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { join } from '#platform'
import type { MessengerError } from '../error.js'
import { storeError } from '../store-access.js'
import type { FilesContext } from './context.js'
import { badFile, withFile } from './file-error.js'
import type { Landing } from './landing.js'
import { Pace } from './pace.js'
import { Part } from './part.js'
import { removeParts } from './parts.js'
import { readPieces, withOpen } from './pieces.js'
import { randomName } from './places.js'
import type { FileRecord } from './record.js'
import type { Source } from './source.js'
import { isFolder, targetFile } from './target.js'

/** Brings a file from its source to its place. Run it again until it is there: it goes on where the last run got to. */
export class Attempt {
  readonly #context: FilesContext
  readonly #record: FileRecord
  readonly #source: Source
  readonly #landing: Landing
  readonly #onRestart: (why: MessengerError) => Promise<void>
  readonly #countPace: Pace
  #counting: Promise<void> | undefined
  /** It came once and was not what was announced: the next time is the last. */
  #wasDamaged = false

  /** @param onRestart - what came was not what was announced: it is fetched anew */
  constructor(
    context: FilesContext,
    record: FileRecord,
    source: Source,
    landing: Landing,
    onRestart: (why: MessengerError) => Promise<void>,
  ) {
    this.#context = context
    this.#onRestart = onRestart
    this.#record = record
    this.#source = source
    this.#landing = landing
    this.#countPace = new Pace(context.clock)
  }

  /**
   * @param name - the safe name of the file, for folders
   * @returns where it is; `undefined` when the source has to be entered again, or the signal fired
   * @throws {MessengerError} `damaged` | `file` | `store` | what the source says
   */
  async run(name: string, signal: AbortSignal): Promise<string | undefined> {
    const landed = await this.#findLanded()
    if (landed !== undefined) return landed
    const source = this.#source
    // What was whole when the last process ended needs nobody any more.
    const isWhole = this.#record.row.doneBytes === source.byteLength
    if (!isWhole && !(await source.enter(signal))) return undefined
    try {
      await this.#demandRoom()
      const part = await Part.open(this.#context.disk, await this.#namePart(), this.#record.row.doneBytes)
      const plainPath = await this.#receive(part, signal).finally(async () => {
        await this.#counting
        await part.close()
      })
      if (plainPath === undefined) return undefined
      await this.#context.fault('verified')
      const { partPath } = this.#record.row
      const path = await this.#land(plainPath, name)
      await removeParts(this.#context, this.#landing, partPath, this.#record.row.path)
      return path
    } finally {
      source.leave()
    }
  }

  /** Some more of it has come: now and then that is written down. */
  onBytes(part: Part): void {
    if (!this.#source.canResume || this.#counting) return
    if (!this.#countPace.isDue(this.#context.limits.countMs)) return
    // Whatever fails here fails again when it is counted in the end, and is told then.
    this.#counting = this.#count(part)
      .catch(() => {})
      .finally(() => {
        this.#counting = undefined
      })
  }

  /** @returns the path of the file, all of it on the disk and compared */
  async #receive(part: Part, signal: AbortSignal): Promise<string | undefined> {
    const { row } = this.#record
    if (part.bytes < row.doneBytes) await this.#record.commit({ doneBytes: part.bytes })
    if (part.bytes < this.#source.byteLength) {
      // Somebody has shortened what was whole: next time the source is entered.
      if (row.doneBytes === this.#source.byteLength) return undefined
      if (!(await this.#fill(part, signal))) return undefined
    }
    try {
      const plainPath = await this.#source.verify(part)
      await this.#count(part)
      return plainPath
    } catch (cause) {
      const error = storeError(cause)
      if (error.code === 'damaged') await this.#damaged(part, error)
      else throw error
      return undefined
    }
  }

  async #fill(part: Part, signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#source.fill(part, signal)
    } finally {
      await this.#counting
      if (this.#source.canResume && !part.failed) await this.#count(part)
    }
  }

  /** Once it is fetched anew. */
  async #damaged(part: Part, error: MessengerError): Promise<void> {
    if (this.#wasDamaged) throw error
    this.#wasDamaged = true
    await part.reset()
    await this.#onRestart(error)
  }

  /** What is on the disk for good is written down: from there it goes on, whatever happens. */
  async #count(part: Part): Promise<void> {
    const doneBytes = await part.sync()
    await this.#context.fault('part-synced')
    if (doneBytes === this.#record.row.doneBytes) return
    await this.#record.commit({ doneBytes })
    await this.#context.fault('part-counted')
  }

  async #demandRoom(): Promise<void> {
    const { disk, places, limits } = this.#context
    const { byteLength, extraBytes } = this.#source
    await withFile('make', places.in, () => disk.makeFolder(places.in))
    const freeBytes = await disk.freeBytes(places.in)
    const neededBytes = byteLength - this.#record.row.doneBytes + extraBytes + limits.reserveBytes
    if (freeBytes === undefined || freeBytes >= neededBytes) return
    throw badFile('put a file into', places.in, `the disk has ${freeBytes} of ${neededBytes} bytes`, 'free some space')
  }

  /** The store knows the temporary file before there is one. */
  async #namePart(): Promise<string> {
    const { places, random, fault } = this.#context
    if (this.#record.row.partPath === '') {
      const path = join(places.in, `${randomName(random)}.part`)
      await this.#record.commit({ partPath: places.stored(path), doneBytes: 0 })
      await fault('part-named')
    }
    return places.real(this.#record.row.partPath)
  }

  /** Where it is to be. */
  get #target(): string {
    const { path } = this.#record.row
    return path === '' ? this.#context.places.downloads : this.#context.places.real(path)
  }

  async #land(plainPath: string, name: string): Promise<string> {
    const { places, fault } = this.#context
    const { sizeBytes } = this.#record.row
    const path = await this.#landing.land({
      from: plainPath,
      target: targetFile(this.#target, name),
      isExact: !isFolder(this.#target),
      sizeBytes,
      claim: (claimed) => this.#record.commit({ path: places.stored(claimed) }),
    })
    await this.#complete(path)
    await fault('completed')
    return path
  }

  /** In the store first: what nobody knows of any more is removed at the next start. */
  async #complete(path: string): Promise<void> {
    const { places } = this.#context
    const { sizeBytes: doneBytes } = this.#record.row
    await this.#record.commit({ state: 'complete', path: places.stored(path), partPath: '', doneBytes })
  }

  /** On a file system without links the last process may have given the part its final name, and not have said so. */
  async #findLanded(): Promise<string | undefined> {
    const { disk, places } = this.#context
    const { row } = this.#record
    const path = this.#target
    if (row.key || row.partPath === '' || row.doneBytes !== row.sizeBytes || isFolder(path)) return undefined
    if (await withFile('use', path, () => disk.findName(places.real(row.partPath)))) return undefined
    const there = await withFile('use', path, () => disk.findName(path))
    if (!there?.isFile() || there.size !== row.sizeBytes) return undefined
    const sha256 = createSha256()
    await withOpen(disk, path, 'read', async (file) => {
      for await (const piece of readPieces(file, path, 0, row.sizeBytes)) sha256.update(piece)
    })
    if (toHex(sha256.digest()) !== row.hash) return undefined
    await this.#complete(path)
    return path
  }
}
