import { toHex } from '@mimirjs/wire'
import type { FilesSidecar } from '@mimirjs/wire/files'
import { Disk } from './disk.js'
import type { FileServerState } from './state.js'

/** The files of a server: disk and index in step. What changes stored files happens one after the other. */
export class FileStore {
  readonly disk: Disk
  readonly #state: FileServerState
  #last: Promise<unknown> = Promise.resolve()

  constructor(folder: string, state: FileServerState) {
    this.disk = new Disk(folder)
    this.#state = state
  }

  /** Index what is there, and remove what has expired. */
  async open(nowMs: number): Promise<void> {
    for (const { hash, sidecar } of await this.disk.open()) this.#add(hash, sidecar)
    await this.sweep(nowMs)
  }

  /**
   * Keep a temporary file under its hash. Somebody else may have been faster: then it is dropped, and all is well too.
   * @returns why it is not kept
   */
  store(name: string, hash: string, sidecar: FilesSidecar): Promise<string | undefined> {
    return this.#inTurn(async () => {
      const { index, limits } = this.#state
      const usedBytes = index.usedBytes(toHex(sidecar.uploader)) + Number(sidecar.sizeBytes)
      // Asked when the upload began as well, but then others of the same identity were under way.
      const isOver = usedBytes >= limits.quotaBytes
      if (index.has(hash) || isOver || index.files >= limits.files) {
        await this.disk.discard(name)
        if (index.has(hash)) return undefined
        return isOver ? 'quota exceeded' : 'the server is full'
      }
      await this.disk.store(name, hash, sidecar)
      this.#add(hash, sidecar)
      return undefined
    })
  }

  /** Remove what was uploaded too long ago. */
  async sweep(nowMs: number): Promise<void> {
    const { index, spans } = this.#state
    await this.#inTurn(async () => {
      for (const hash of index.before((nowMs - spans.retentionMs) / 1000)) {
        index.delete(hash)
        await this.disk.remove(hash)
      }
    })
  }

  /** Resolves when nothing is changed any more. */
  async settled(): Promise<void> {
    await this.#last
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }

  #add(hash: string, { uploader, guid, uploadedAtSeconds, sizeBytes }: FilesSidecar): void {
    this.#state.index.add(hash, {
      uploader: toHex(uploader),
      guid,
      uploadedAtSeconds: Number(uploadedAtSeconds),
      sizeBytes: Number(sizeBytes),
    })
  }
}
