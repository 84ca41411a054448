import { equalConstantTime } from '@mimirjs/crypto'
import { basename, dirname, join } from '#platform'
import type { FilesContext } from './context.js'
import { errnoOf } from './disk.js'
import { withFile } from './file-error.js'
import { makeUnique } from './names.js'
import { isSame, withOpen } from './pieces.js'

/** A file that is complete and checked, and where it is to be. */
export interface Arrival {
  /** In our folder, safely on disk. */
  readonly from: string
  readonly sizeBytes: number
  /** The wished place. */
  readonly target: string
  /** The name was written down before, or chosen by the user: it may be this file already. */
  readonly isExact: boolean
  /** Write down that it is going to be there; resolves when that is durable. */
  claim(path: string): Promise<void>
}

/**
 * Gives files that have arrived their names. One after the other, so that a name that was claimed belongs to one. Whoever
 * looks sees the whole file or none, and what is there is never replaced.
 *
 * The name is written down before anything has it. If the process ends between the two, the next one finds either nothing
 * there, or this very file, byte for byte, and takes that as its own.
 */
export class Landing {
  readonly #context: FilesContext
  #last: Promise<unknown> = Promise.resolve()

  constructor(context: FilesContext) {
    this.#context = context
  }

  /** @returns where it is @throws {MessengerError} `file` | `store` */
  async land(arrival: Arrival): Promise<string> {
    const { disk, places } = this.#context
    const { from, target } = arrival
    const folder = dirname(target)
    return withFile('put a file into', folder, async () => {
      if (join(folder, '/') === join(places.downloads, '/')) await disk.makeFolder(folder)
      await this.clean(from, folder)
      if (arrival.isExact && (await this.#isThere(arrival)) && !(await this.#kept()).has(target)) {
        await arrival.claim(target)
        return target
      }
      const near = await this.#bringNear(from, target)
      const turn = this.#last.then(() => this.#give(near, arrival))
      this.#last = turn.catch(() => {})
      const path = await turn
      await disk.syncFolder(folder)
      await this.clean(from, folder)
      await this.#context.fault('landed')
      return path
    })
  }

  /** Remove what a landing that was cut off may have left in the folder of its target. */
  async clean(from: string, folder: string): Promise<void> {
    await this.#context.disk.remove(beside(from, folder))
  }

  async #give(brought: string, { from, target, claim }: Arrival): Promise<string> {
    const { disk, fault } = this.#context
    let near = brought
    const kept = await this.#kept()
    return makeUnique(target, async (candidate) => {
      if (kept.has(candidate) || (await disk.findName(candidate))) throw taken()
      await claim(candidate)
      await fault('claimed')
      try {
        await this.#name(near, candidate)
      } catch (cause) {
        // Within what passes for one file system there may be borders, too.
        if (errnoOf(cause) !== 'EXDEV' || near !== from) throw cause
        near = await this.#copyNear(from, target)
        await this.#name(near, candidate)
      }
    })
  }

  /**
   * On a disk that is ours alone, the places of complete files, also of those that went before their messages could: such a
   * message would show what takes the place, and take it along when it is deleted.
   */
  async #kept(): Promise<ReadonlySet<string>> {
    const { disk, places, store } = this.#context
    const files = disk.isPrivate ? await store.files('complete') : []
    return new Set(files.map(({ path }) => places.real(path)))
  }

  async #isThere({ from, target, sizeBytes }: Arrival): Promise<boolean> {
    const { disk } = this.#context
    const there = await disk.findName(target)
    if (!there?.isFile() || there.size !== sizeBytes) return false
    return isSame(disk, from, target, sizeBytes, equalConstantTime)
  }

  /** To the file system of the target, if it is another one. */
  async #bringNear(from: string, target: string): Promise<string> {
    const { disk } = this.#context
    const [here, there] = await Promise.all([disk.find(from), disk.find(dirname(target))])
    return here?.dev === there?.dev ? from : this.#copyNear(from, target)
  }

  async #copyNear(from: string, target: string): Promise<string> {
    const { disk } = this.#context
    const near = beside(from, dirname(target))
    await disk.copy(from, near)
    await withOpen(disk, near, 'update', (file) => file.datasync())
    return near
  }

  /** Rejects with EEXIST when something has this name. */
  async #name(from: string, path: string): Promise<void> {
    const { disk } = this.#context
    try {
      await disk.link(from, path)
    } catch (cause) {
      if (!NO_LINKS.has(errnoOf(cause) ?? '')) throw cause
      // A file system without links: take the name first, then replace the empty file, which is ours.
      await (await disk.open(path, 'create')).close()
      await disk.rename(from, path)
    }
  }
}

/** What systems say that cannot give a file a second name. */
const NO_LINKS: ReadonlySet<string> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
  'EACCES',
  'UNKNOWN',
])

function beside(from: string, folder: string): string {
  return join(folder, `.${basename(from)}`)
}

function taken(): Error {
  return Object.assign(new Error('there is something of this name'), { code: 'EEXIST' })
}
