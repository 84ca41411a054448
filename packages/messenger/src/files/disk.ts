import { constants } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname } from 'node:path'

/** An open file. */
export interface DiskFile {
  read(target: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesWritten: number }>
  stat(): Promise<DiskEntry>
  truncate(sizeBytes: number): Promise<void>
  /** The bytes, and all it takes to find them, are on the disk. */
  datasync(): Promise<void>
  close(): Promise<void>
}

export interface DiskEntry {
  readonly size: number
  /** Number of the file system. */
  readonly dev: number
  isFile(): boolean
  isDirectory(): boolean
}

/**
 * What transfers need of a file system. Nothing is opened through a symbolic link, except a source, which the user named.
 * Every method rejects with the system's error.
 */
export interface Disk {
  /** `create`: new, mode 0600, to write and read; refused when anything has the name. `update`: to write and read. */
  open(path: string, how: 'create' | 'update' | 'read' | 'source'): Promise<DiskFile>
  /** Copy to a new file, sharing the blocks where the file system can. */
  copy(from: string, to: string): Promise<void>
  /** A second name for the same file; refused when anything has that name. */
  link(from: string, to: string): Promise<void>
  /** Replaces what has the name `to`. */
  rename(from: string, to: string): Promise<void>
  /** Nothing happens when it is not there. */
  remove(path: string): Promise<void>
  /** Of the file or folder that the path leads to; undefined when there is none. */
  find(path: string): Promise<DiskEntry | undefined>
  /** Of what has this name itself, be it a symbolic link; undefined when there is none. */
  findName(path: string): Promise<DiskEntry | undefined>
  /** With those above it, mode 0700, and safely on the disk; nothing happens when it is there. */
  makeFolder(path: string): Promise<void>
  /** May files be made in this folder? */
  checkWritable(folder: string): Promise<void>
  /** Names in a folder; none when it is not there. */
  list(folder: string): Promise<string[]>
  /** The names in a folder are on the disk. */
  syncFolder(folder: string): Promise<void>
  /** What is free for us on the file system of this folder; undefined when the system does not tell. */
  freeBytes(folder: string): Promise<number | undefined>
}

// Windows has no such flag, and no symbolic links that every user could make.
const NO_LINK = constants.O_NOFOLLOW ?? 0

const FLAGS = {
  create: constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | NO_LINK,
  update: constants.O_RDWR | NO_LINK,
  read: constants.O_RDONLY | NO_LINK,
  source: constants.O_RDONLY,
} as const

/** The file system of this machine. */
export const nodeDisk: Disk = {
  open: (path, how) => fs.open(path, FLAGS[how], 0o600),
  async copy(from, to) {
    await fs.copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    // A copy has the mode of what it was made of.
    await fs.chmod(to, 0o600)
  },
  link: (from, to) => fs.link(from, to),
  rename: (from, to) => fs.rename(from, to),
  remove: (path) => fs.rm(path, { force: true }),
  find: (path) => orNothing(fs.stat(path)),
  findName: (path) => orNothing(fs.lstat(path)),
  makeFolder,
  checkWritable: (folder) => fs.access(folder, constants.W_OK | constants.X_OK),
  list: async (folder) => (await orNothing(fs.readdir(folder))) ?? [],
  syncFolder,
  async freeBytes(folder) {
    try {
      const { bavail, bsize } = await fs.statfs(folder)
      return bavail * bsize
    } catch {
      return undefined
    }
  },
}

/** Level by level: Node's own way never ends where the system makes no folders, and says nothing to the disk. */
async function makeFolder(path: string): Promise<void> {
  if ((await orNothing(fs.stat(path)))?.isDirectory()) return
  if (dirname(path) !== path) await makeFolder(dirname(path))
  try {
    await fs.mkdir(path, { mode: 0o700 })
  } catch (cause) {
    // Somebody else may have made it at the same moment.
    if (errnoOf(cause) !== 'EEXIST' || !(await fs.stat(path)).isDirectory()) throw cause
  }
  await syncFolder(dirname(path))
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open folders and does without.
  if (process.platform === 'win32') return
  const handle = await fs.open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw cause
  }
}

/** The system says that a path leads nowhere. */
export function isMissing(cause: unknown): boolean {
  return errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR'
}

/** The system's code of an error, such as `ENOSPC`. */
export function errnoOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}
