import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Mediator } from '@mimirjs/mediator'
import type { Context } from '../../context.js'
import { formatDuration } from '../../duration.js'

const DAY_MS = 86_400_000
const KEPT_COPIES = 7

/**
 * Copies of the database, made while it is in use: whenever the newest in the folder has reached the age, be it from before
 * the start. What fails is reported, and tried again a while later.
 */
export class Copies implements AsyncDisposable {
  readonly #context: Context
  readonly #mediator: Mediator
  readonly #folder: string
  readonly #everyMs: number
  #timer: NodeJS.Timeout | undefined
  #copying: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(context: Context, mediator: Mediator, folder: string, everyMs: number = DAY_MS) {
    this.#context = context
    this.#mediator = mediator
    this.#folder = folder
    this.#everyMs = everyMs
    context.output.status(`a copy of the database to ${folder} every ${formatDuration(everyMs)}`)
    this.#copyIn(this.#leftMs())
  }

  /** Resolves when a copy that is being written is whole. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#copying
  }

  #copyIn(ms: number): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#copying = this.#copy().then((nextMs) => this.#copyIn(nextMs))
    }, ms)
  }

  /** @returns how long until the next, in ms */
  async #copy(): Promise<number> {
    const { output } = this.#context
    const path = join(this.#folder, `mediator-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.sqlite`)
    try {
      await this.#mediator.backup(path)
      for (const old of this.#names().slice(0, -KEPT_COPIES)) rmSync(join(this.#folder, old))
      if (output.json) await output.result({ event: 'backup', path }, '')
      output.status(`copied the database to ${path}`)
      return this.#everyMs
    } catch (error) {
      output.warn(error)
      return Math.min(this.#everyMs, RETRY_MS)
    }
  }

  /** Until the newest copy is too old. */
  #leftMs(): number {
    try {
      const newest = this.#names().at(-1)
      if (newest === undefined) return 0
      const ageMs = Date.now() - statSync(join(this.#folder, newest)).mtimeMs
      return Math.min(this.#everyMs, Math.max(0, this.#everyMs - ageMs))
    } catch {
      return 0
    }
  }

  /** Oldest first: their names are their times. */
  #names(): string[] {
    return readdirSync(this.#folder)
      .filter((name) => /^mediator-[0-9TZ-]+\.sqlite$/.test(name))
      .sort()
  }
}

const RETRY_MS = 3_600_000
