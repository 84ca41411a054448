import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { draftOf, EMPTY_DRAFT } from './editor.js'
import type { Talk } from './model/state.js'
import { newTalk } from './model/talk.js'

/** What of a conversation is only typed yet. */
export interface StoredDraft {
  readonly text: string
  readonly cursor: number
  /** Key of the message that is being answered. */
  readonly replyTo?: string
  /** Key of the message whose text is being changed, and the text as it was typed. */
  readonly editing?: { readonly key: string; readonly text: string }
}

/** After the first letter that is not on disk yet, in ms. */
const DELAY_MS = 250
/** After the disk refused. */
const RETRY_MS = 5_000

/**
 * Keeps what is typed on disk, one small file per person, replaced as a whole: a crash costs at most the letters of the
 * last quarter of a second.
 */
export class Drafts {
  readonly #folder: string
  readonly #onError: (error: unknown) => void
  /** Not on disk yet, by person; empty = the file goes. */
  readonly #unsaved = new Map<string, string>()
  readonly #saved = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(folder: string, onError: (error: unknown) => void) {
    this.#folder = folder
    this.#onError = onError
  }

  /** Conversations with what was typed in them before. Files that cannot be read are left alone. */
  load(): Talk[] {
    const talks: Talk[] = []
    for (const name of names(this.#folder)) {
      const [, peer] = /^([0-9a-f]{64})\.json$/.exec(name) ?? []
      const text = peer === undefined ? undefined : read(join(this.#folder, name))
      const draft = text === undefined ? undefined : parse(text)
      if (peer === undefined || text === undefined || draft === undefined) continue
      this.#saved.set(peer, text)
      talks.push(restored(peer, draft))
    }
    return talks
  }

  /** This conversation has changed: see that what is typed in it gets to disk. */
  note(talk: Talk): void {
    const text = serialized(talk)
    if (text === (this.#unsaved.get(talk.peer) ?? this.#saved.get(talk.peer) ?? '')) return
    this.#unsaved.set(talk.peer, text)
    this.#timer ??= setTimeout(() => this.#save(), DELAY_MS)
  }

  /** Everything is on disk when it returns, and no timer is left: for the end, whatever it is that ends. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#unsaved.size === 0) return
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      for (const [peer, text] of this.#unsaved) {
        const { path, part } = this.#paths(peer, 'last')
        if (text === '') rmSync(path, { force: true })
        else {
          writeFileSync(part, text, { mode: 0o600 })
          renameSync(part, path)
        }
        this.#saved.set(peer, text)
      }
      this.#unsaved.clear()
    } catch (error) {
      this.#onError(error)
    }
  }

  #save(): void {
    this.#timer = undefined
    const batch = [...this.#unsaved]
    this.#writing = this.#writing.then(() => this.#write(batch))
  }

  async #write(batch: readonly (readonly [string, string])[]): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      for (const [peer, text] of batch) {
        // Something newer is waiting, or was written at the end.
        if (this.#unsaved.get(peer) !== text) continue
        const { path, part } = this.#paths(peer, 'part')
        if (text === '') await rm(path, { force: true })
        else {
          await writeFile(part, text, { mode: 0o600 })
          await rename(part, path)
        }
        this.#saved.set(peer, text)
        if (this.#unsaved.get(peer) === text) this.#unsaved.delete(peer)
      }
      if (this.#unsaved.size > 0) this.#timer ??= setTimeout(() => this.#save(), DELAY_MS)
    } catch (error) {
      this.#onError(error)
      this.#timer ??= setTimeout(() => this.#save(), RETRY_MS)
    }
  }

  #paths(peer: string, ending: string): { path: string; part: string } {
    return { path: join(this.#folder, `${peer}.json`), part: join(this.#folder, `.${peer}.${ending}`) }
  }
}

/** What is typed, and what was handed to the messenger but is not on its disk. Empty for nothing. */
export function serialized({ draft, replyTo, editing, sending }: Talk): string {
  const waiting = sending.filter((one) => one.editing === undefined).map(({ text }) => `${text}\n`)
  const typed = editing?.before ?? draft
  const before = waiting.join('')
  const stored: StoredDraft = {
    text: before + typed.text,
    cursor: before.length + typed.cursor,
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(editing === undefined ? {} : { editing: { key: editing.key, text: draft.text } }),
  }
  return stored.text === '' && editing === undefined ? '' : JSON.stringify(stored)
}

function restored(peer: string, { text, cursor, replyTo, editing }: StoredDraft): Talk {
  const typed = text === '' ? EMPTY_DRAFT : { text, cursor: Math.min(cursor, text.length) }
  return {
    ...newTalk(peer),
    draft: editing === undefined ? typed : draftOf(editing.text),
    replyTo,
    editing: editing === undefined ? undefined : { key: editing.key, before: typed },
  }
}

function parse(json: string): StoredDraft | undefined {
  try {
    const { text, cursor, replyTo, editing } = JSON.parse(json) as Partial<StoredDraft>
    if (typeof text !== 'string' || typeof cursor !== 'number') return undefined
    const isEditing = typeof editing?.key === 'string' && typeof editing.text === 'string'
    return {
      text,
      cursor: Math.max(0, Math.floor(cursor)),
      ...(typeof replyTo === 'string' ? { replyTo } : {}),
      ...(isEditing ? { editing } : {}),
    }
  } catch {
    return undefined
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
