import type { Disk, DiskEntry, DiskFile } from '../../files/disk.js'
import { asSystemError, CHUNK_BYTES, CHUNKS, Contents, INODES, type Inode, NAMES, systemError } from './contents.js'
import { type AddVersion, done } from './database.js'
import { addFolder, addName, fileOf, isFolder, type Name, nameAt } from './names.js'
import { addOwner, OwnedDatabase } from './owned-database.js'
import { resolve, sep } from './paths.js'

export interface IndexedDbDiskOptions {
  /** Default: the browser's. */
  readonly indexedDB?: IDBFactory
}

/** Field of {@link Name} that names are listed by. */
const FOLDER = 'folder' satisfies keyof Name
/** There is only one file system. */
const DEV = 1
/** Chunks that are copied in one transaction, which the browser keeps in memory until its end. */
const COPY_CHUNKS = 16
const ALL = [NAMES, INODES, CHUNKS]

const VERSIONS: readonly AddVersion[] = [
  (database) => {
    database.createObjectStore(NAMES).createIndex(FOLDER, FOLDER)
    database.createObjectStore(INODES, { autoIncrement: true })
    database.createObjectStore(CHUNKS)
  },
  addOwner,
]

/**
 * Files in a database of their own, `mimir-<name>-files`, which one page may have open at a time. Of each open file, one chunk of
 * 256 KiB is in memory. The database is opened in the background: when that fails, everything rejects.
 */
export function openIndexedDbDisk(
  name: string,
  { indexedDB = globalThis.indexedDB }: IndexedDbDiskOptions = {},
): Disk & { close(): Promise<void> } {
  const opening = OwnedDatabase.open(`mimir-${name}-files`, indexedDB, VERSIONS)
  // Whoever asks first is told.
  opening.catch(() => {})
  const files = new Files(opening)
  return {
    isPrivate: true,
    open: (path, how) => files.open(resolve(path), how),
    copy: (from, to) => files.copy(resolve(from), resolve(to)),
    link: (from, to) => files.link(resolve(from), resolve(to)),
    rename: (from, to) => files.rename(resolve(from), resolve(to)),
    remove: (path) => files.remove(resolve(path)),
    find: (path) => files.find(resolve(path)),
    findName: (path) => files.find(resolve(path)),
    makeFolder: (path) => files.makeFolder(resolve(path)),
    checkWritable: async () => {},
    list: (folder) => files.list(resolve(folder)),
    // Names are on the disk when they are given.
    syncFolder: async () => {},
    freeBytes,
    close: () => files.close(),
  }
}

async function freeBytes(): Promise<number | undefined> {
  try {
    const { quota, usage } = await navigator.storage.estimate()
    return quota === undefined || usage === undefined ? undefined : Math.max(0, quota - usage)
  } catch {
    return undefined
  }
}

/** Paths are absolute, without a separator at their end. */
class Files {
  readonly #opening: Promise<OwnedDatabase>
  readonly #open = new Map<number, Contents>()

  constructor(opening: Promise<OwnedDatabase>) {
    this.#opening = opening
  }

  async open(path: string, how: Parameters<Disk['open']>[1]): Promise<DiskFile> {
    const database = await this.#database()
    const found = how === 'create' ? await this.#create(path) : await this.#fileAt(path)
    const contents = this.#open.get(found.inode) ?? new Contents(database, found.inode, found.sizeBytes)
    this.#open.set(found.inode, contents)
    contents.users++
    return this.#handle(contents)
  }

  async copy(from: string, to: string): Promise<void> {
    const source = await this.#fileAt(from)
    await this.#open.get(source.inode)?.flush()
    const { sizeBytes } = await this.#fileAt(from)
    const target = await this.#create(to)
    try {
      for (let start = 0; start * CHUNK_BYTES < sizeBytes; start += COPY_CHUNKS)
        await this.#copyChunks(source.inode, target.inode, start, sizeBytes)
    } catch (cause) {
      await this.remove(to).catch(() => {})
      throw cause
    }
  }

  link(from: string, to: string): Promise<void> {
    return this.#change(async (names, inodes) => {
      const inode = await fileOf(names, from)
      await addName(names, to, inode)
      const { sizeBytes, names: count } = (await done(inodes.get(inode))) as Inode
      inodes.put({ sizeBytes, names: count + 1 } satisfies Inode, inode)
    })
  }

  async rename(from: string, to: string): Promise<void> {
    if (from === to) return
    const gone = await this.#change(async (names, inodes, chunks) => {
      const inode = await fileOf(names, from)
      const replaced = await nameAt(names, to)
      if (replaced !== undefined && replaced.inode === undefined) throw isFolder(to)
      names.delete(to)
      names.delete(from)
      await addName(names, to, inode)
      return replaced?.inode === undefined ? undefined : release(inodes, chunks, replaced.inode)
    })
    if (gone !== undefined) this.#open.get(gone)?.removed()
  }

  async remove(path: string): Promise<void> {
    const gone = await this.#change(async (names, inodes, chunks) => {
      const found = await nameAt(names, path)
      if (found === undefined) return undefined
      if (found.inode === undefined) throw isFolder(path)
      names.delete(path)
      return release(inodes, chunks, found.inode)
    })
    if (gone !== undefined) this.#open.get(gone)?.removed()
  }

  find(path: string): Promise<DiskEntry | undefined> {
    return this.#run('read', [NAMES, INODES], async (transaction) => {
      const found = await nameAt(transaction.objectStore(NAMES), path)
      if (found === undefined) return undefined
      if (found.inode === undefined) return entry(0, false)
      return entry(this.#open.get(found.inode)?.sizeBytes ?? (await sizeOf(transaction, found.inode)), true)
    })
  }

  async makeFolder(path: string): Promise<void> {
    await this.#change((names) => addFolder(names, path))
  }

  list(folder: string): Promise<string[]> {
    return this.#run('read', [NAMES], async (transaction) => {
      const paths = (await done(transaction.objectStore(NAMES).index(FOLDER).getAllKeys(folder))) as string[]
      return paths.map((path) => path.slice(path.lastIndexOf(sep) + 1))
    })
  }

  async close(): Promise<void> {
    const database = await this.#opening.catch(() => undefined)
    await Promise.allSettled([...this.#open.values()].map((contents) => contents.flush()))
    database?.close()
  }

  #handle(contents: Contents): DiskFile {
    let isClosed = false
    const demandOpen = (): void => {
      if (isClosed) throw systemError('EBADF', 'the file is closed')
    }
    const inWords = <T>(work: Promise<T>): Promise<T> =>
      work.catch((cause: unknown) => {
        throw asSystemError(cause)
      })
    return {
      async read(target, offset, length, position) {
        demandOpen()
        return { bytesRead: await inWords(contents.read(target, offset, length, position)) }
      },
      async write(bytes, offset, length, position) {
        demandOpen()
        await inWords(contents.write(bytes, offset, length, position))
        return { bytesWritten: length }
      },
      async stat() {
        demandOpen()
        return entry(contents.sizeBytes, true)
      },
      async truncate(sizeBytes) {
        demandOpen()
        await inWords(contents.truncate(sizeBytes))
      },
      async datasync() {
        demandOpen()
        await inWords(contents.flush())
      },
      close: async () => {
        if (isClosed) return
        isClosed = true
        try {
          if (contents.users === 1 && !contents.hasFailed) await inWords(contents.flush())
        } finally {
          contents.users--
          if (contents.users === 0 && this.#open.get(contents.inode) === contents) this.#open.delete(contents.inode)
        }
      },
    }
  }

  #create(path: string): Promise<{ inode: number; sizeBytes: number }> {
    return this.#change(async (names, inodes) => {
      const inode = (await done(inodes.add({ sizeBytes: 0, names: 1 } satisfies Inode))) as number
      await addName(names, path, inode)
      return { inode, sizeBytes: 0 }
    })
  }

  #fileAt(path: string): Promise<{ inode: number; sizeBytes: number }> {
    return this.#run('read', [NAMES, INODES], async (transaction) => {
      const inode = await fileOf(transaction.objectStore(NAMES), path)
      return { inode, sizeBytes: await sizeOf(transaction, inode) }
    })
  }

  async #copyChunks(from: number, to: number, start: number, sizeBytes: number): Promise<void> {
    const end = Math.min(Math.ceil(sizeBytes / CHUNK_BYTES), start + COPY_CHUNKS)
    await this.#run('change', [INODES, CHUNKS], async (transaction) => {
      const [inodes, chunks] = [transaction.objectStore(INODES), transaction.objectStore(CHUNKS)]
      for (let index = start; index < end; index++) {
        const bytes = await done(chunks.get([from, index]) as IDBRequest<Uint8Array | undefined>)
        if (bytes !== undefined) chunks.put(bytes, [to, index])
      }
      inodes.put({ sizeBytes: Math.min(sizeBytes, end * CHUNK_BYTES), names: 1 } satisfies Inode, to)
    })
  }

  #change<T>(work: (names: IDBObjectStore, inodes: IDBObjectStore, chunks: IDBObjectStore) => Promise<T>): Promise<T> {
    return this.#run('change', ALL, (transaction) =>
      work(transaction.objectStore(NAMES), transaction.objectStore(INODES), transaction.objectStore(CHUNKS)),
    )
  }

  async #run<T>(
    how: 'read' | 'change',
    stores: readonly string[],
    work: (transaction: IDBTransaction) => Promise<T>,
  ): Promise<T> {
    const database = await this.#database()
    try {
      return await database[how](stores, work)
    } catch (cause) {
      throw asSystemError(cause)
    }
  }

  async #database(): Promise<OwnedDatabase> {
    try {
      return await this.#opening
    } catch (cause) {
      throw asSystemError(cause)
    }
  }
}

function entry(size: number, isFile: boolean): DiskEntry {
  return { size, dev: DEV, isFile: () => isFile, isDirectory: () => !isFile }
}

async function sizeOf(transaction: IDBTransaction, inode: number): Promise<number> {
  const found = await done(transaction.objectStore(INODES).get(inode) as IDBRequest<Inode | undefined>)
  return found?.sizeBytes ?? 0
}

/** One name less. @returns the number of a file that has none any more: all of it is gone */
async function release(inodes: IDBObjectStore, chunks: IDBObjectStore, inode: number): Promise<number | undefined> {
  const { sizeBytes, names } = (await done(inodes.get(inode))) as Inode
  if (names > 1) {
    inodes.put({ sizeBytes, names: names - 1 } satisfies Inode, inode)
    return undefined
  }
  // Nothing is put: that works where there is no room left.
  inodes.delete(inode)
  for (let index = 0; index * CHUNK_BYTES < sizeBytes; index++) chunks.delete([inode, index])
  return inode
}
