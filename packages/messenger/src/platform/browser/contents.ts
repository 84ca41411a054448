import { done, isNamed } from './database.js'
import type { OwnedDatabase } from './owned-database.js'

export const CHUNK_BYTES = 262_144

/** Object stores: names to numbers of files, what is known of each number, and the bytes of files in chunks. */
export const NAMES = 'names'
export const INODES = 'inodes'
export const CHUNKS = 'chunks'

export interface Inode {
  readonly sizeBytes: number
  /** How many names lead here. */
  readonly names: number
}

/** A chunk that is in memory: as long as all of them, zeros behind the end of the file. */
interface Chunk {
  readonly index: number
  readonly bytes: Uint8Array
  isChanged: boolean
}

/**
 * The bytes of a file that is open, however often. One chunk of it is in memory: what is written there goes to the database
 * with the first byte outside it, or when that is asked for. After a failure to write, nothing is taken any more until
 * everybody has closed it.
 */
export class Contents {
  readonly inode: number
  /** Open files. */
  users = 0
  readonly #database: OwnedDatabase
  #sizeBytes: number
  #chunk: Chunk | undefined
  #failure: Error | undefined
  #isGone = false
  #last: Promise<unknown> = Promise.resolve()

  constructor(database: OwnedDatabase, inode: number, sizeBytes: number) {
    this.#database = database
    this.inode = inode
    this.#sizeBytes = sizeBytes
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Somebody was told that a write failed. */
  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** Its last name is gone, and all of it with that. */
  removed(): void {
    this.#isGone = true
    this.#chunk = undefined
  }

  /** @returns how many bytes there were, at most `length` */
  read(target: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    return this.#inTurn(async () => {
      const wanted = Math.max(0, Math.min(length, this.#sizeBytes - position))
      for (let at = 0; at < wanted; ) {
        const { index, from, byteLength } = piece(position + at, wanted - at)
        const bytes = await this.#look(index)
        target.set(bytes.subarray(from, from + byteLength), offset + at)
        at += byteLength
      }
      return wanted
    })
  }

  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#demandUse()
      for (let at = 0; at < length; ) {
        const { index, from, byteLength } = piece(position + at, length - at)
        const chunk = await this.#take(index)
        chunk.bytes.set(bytes.subarray(offset + at, offset + at + byteLength), from)
        chunk.isChanged = true
        at += byteLength
        this.#sizeBytes = Math.max(this.#sizeBytes, position + at)
      }
    })
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#demandUse()
      await this.#flush()
      this.#chunk = undefined
      await this.#change(async (chunks) => {
        for (let index = Math.ceil(sizeBytes / CHUNK_BYTES); index * CHUNK_BYTES < this.#sizeBytes; index++)
          chunks.delete([this.inode, index])
        const { index, from } = piece(sizeBytes, 0)
        const last = await done(chunks.get([this.inode, index]) as IDBRequest<Uint8Array | undefined>)
        if (from > 0 && last !== undefined && last.length > from) chunks.put(last.slice(0, from), [this.inode, index])
        return sizeBytes
      })
      this.#sizeBytes = sizeBytes
    })
  }

  /** All that was written is on the disk when it resolves. */
  flush(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isGone) return
      this.#demandUse()
      await this.#flush()
    })
  }

  /** One after the other: what two of them do to a chunk must not cross. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }

  #demandUse(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  async #look(index: number): Promise<Uint8Array> {
    if (this.#chunk?.index === index) return this.#chunk.bytes
    const bytes = await this.#load(index)
    if (this.#chunk?.isChanged !== true) this.#chunk = { index, bytes, isChanged: false }
    return bytes
  }

  async #take(index: number): Promise<Chunk> {
    if (this.#chunk?.index === index) return this.#chunk
    await this.#flush()
    const isNew = index * CHUNK_BYTES >= this.#sizeBytes
    const bytes = isNew ? new Uint8Array(CHUNK_BYTES) : await this.#load(index)
    this.#chunk = { index, bytes, isChanged: false }
    return this.#chunk
  }

  async #load(index: number): Promise<Uint8Array> {
    const stored = await this.#database.read([CHUNKS], (transaction) =>
      done(transaction.objectStore(CHUNKS).get([this.inode, index]) as IDBRequest<Uint8Array | undefined>),
    )
    if (stored?.length === CHUNK_BYTES) return stored
    const bytes = new Uint8Array(CHUNK_BYTES)
    if (stored !== undefined) bytes.set(stored)
    return bytes
  }

  async #flush(): Promise<void> {
    const chunk = this.#chunk
    if (!chunk?.isChanged) return
    await this.#change(async (chunks, inode) => {
      const start = chunk.index * CHUNK_BYTES
      const end = Math.min(this.#sizeBytes, start + CHUNK_BYTES)
      // What is stored is the whole buffer of an array, so it has to be one of its own.
      chunks.put(end - start === CHUNK_BYTES ? chunk.bytes : chunk.bytes.slice(0, end - start), [
        this.inode,
        chunk.index,
      ])
      return Math.max(inode.sizeBytes, end)
    })
    chunk.isChanged = false
  }

  /**
   * Each change is on the disk by itself: browsers keep large values as files of their own, which a later change does not
   * bring there.
   * @param work - returns the size of the file from then on
   */
  async #change(work: (chunks: IDBObjectStore, inode: Inode) => Promise<number>): Promise<void> {
    try {
      await this.#database.change([INODES, CHUNKS], async (transaction) => {
        const inodes = transaction.objectStore(INODES)
        const inode = await done(inodes.get(this.inode) as IDBRequest<Inode | undefined>)
        if (inode === undefined) throw systemError('ENOENT', 'the file was removed')
        const sizeBytes = await work(transaction.objectStore(CHUNKS), inode)
        inodes.put({ ...inode, sizeBytes }, this.inode)
      })
    } catch (cause) {
      this.#failure = asSystemError(cause)
      throw this.#failure
    }
  }
}

/** The part of a chunk that `byteLength` bytes begin with. */
function piece(position: number, byteLength: number): { index: number; from: number; byteLength: number } {
  const from = position % CHUNK_BYTES
  return { index: Math.floor(position / CHUNK_BYTES), from, byteLength: Math.min(byteLength, CHUNK_BYTES - from) }
}

/** As systems say it, so that people are told the same everywhere. */
export function systemError(code: string, says: string, cause?: unknown): Error {
  return Object.assign(new Error(`${code}: ${says}`, { cause }), { code })
}

export function asSystemError(cause: unknown): Error {
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause
  if (isNamed(cause, 'QuotaExceededError')) return systemError('ENOSPC', 'this site may keep no more', cause)
  return systemError('EIO', cause instanceof Error ? cause.message : String(cause), cause)
}
