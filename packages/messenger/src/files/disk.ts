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
  /** A file that is read when somebody reads the blob, where the system can do that. */
  blob?(path: string): Promise<Blob>
  /** Nobody but the messenger sees these files: no user has any there, and what is downloaded goes with its message. */
  readonly isPrivate?: boolean
}

/** The system says that a path leads nowhere. */
export function isMissing(cause: unknown): boolean {
  return errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR'
}

/** The system's code of an error, such as `ENOSPC`. */
export function errnoOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}
