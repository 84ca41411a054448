import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeFilesSidecar, encodeFilesSidecar, type FilesSidecar } from '@mimirjs/wire/files'

// `<first 6 hex digits>/<64 hex digits>` with a sidecar `.meta` beside it, and `tmp/` for what is unfinished: as the
// original lays out its folder `data`. A sidecar is written before its file appears, so a file without one, or one
// without its file, is what a crash left behind, and goes at the next start.

/** A stored file as it was found. */
export interface FoundFile {
  readonly hash: string
  readonly sidecar: FilesSidecar
}

const PREFIX_DIGITS = 6
const META = '.meta'

/** A stored file, open for reading. */
export class StoredFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  /** Bytes from an offset on; fewer where the file ends. */
  async read(offsetBytes: number, sizeBytes: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(sizeBytes)
    let filled = 0
    while (filled < sizeBytes) {
      const { bytesRead } = await this.#handle.read(bytes, filled, sizeBytes - filled, offsetBytes + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

/** The folder of a file server. Every method rejects with the system's error. */
export class Disk {
  readonly #folder: string
  readonly #temporary: string
  /** Temporary files that are being written. */
  readonly #writing = new Map<string, FileHandle>()

  constructor(folder: string) {
    this.#folder = folder
    this.#temporary = join(folder, 'tmp')
  }

  /** Make the folder, drop what is unfinished, and find what is there. */
  async open(): Promise<FoundFile[]> {
    await rm(this.#temporary, { recursive: true, force: true })
    await mkdir(this.#temporary, { recursive: true })
    const found: FoundFile[] = []
    for (const entry of await readdir(this.#folder, { withFileTypes: true })) {
      if (entry.isDirectory() && /^[0-9a-f]{6}$/.test(entry.name)) found.push(...(await this.#scan(entry.name)))
    }
    return found
  }

  async create(name: string): Promise<void> {
    this.#writing.set(name, await open(join(this.#temporary, name), 'w'))
  }

  async append(name: string, bytes: Uint8Array): Promise<void> {
    const handle = this.#writing.get(name)
    if (handle === undefined) throw new Error(`${name} is not open`)
    for (let offset = 0; offset < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, offset, bytes.length - offset)
      offset += bytesWritten
    }
  }

  /** Give a temporary file its place: it is on the disk, under its name and with its sidecar, when this resolves. */
  async store(name: string, hash: string, sidecar: FilesSidecar): Promise<void> {
    const handle = this.#writing.get(name)
    if (handle === undefined) throw new Error(`${name} is not open`)
    await handle.datasync()
    await this.#close(name)
    const path = this.#path(hash)
    const folder = join(path, '..')
    await mkdir(folder, { recursive: true })
    await writeDurably(path + META, encodeFilesSidecar(sidecar))
    await rename(join(this.#temporary, name), path)
    await syncFolder(folder)
  }

  /** Drop a temporary file, if it is there. */
  async discard(name: string): Promise<void> {
    await this.#close(name)
    await rm(join(this.#temporary, name), { force: true })
  }

  async read(hash: string): Promise<StoredFile> {
    return new StoredFile(await open(this.#path(hash), 'r'))
  }

  /** Remove a stored file: first the file, so that no file is ever without its sidecar. */
  async remove(hash: string): Promise<void> {
    const path = this.#path(hash)
    await rm(path, { force: true })
    await rm(path + META, { force: true })
  }

  async #close(name: string): Promise<void> {
    const handle = this.#writing.get(name)
    this.#writing.delete(name)
    await handle?.close()
  }

  #path(hash: string): string {
    return join(this.#folder, hash.slice(0, PREFIX_DIGITS), hash)
  }

  async #scan(prefix: string): Promise<FoundFile[]> {
    const found: FoundFile[] = []
    const names = await readdir(join(this.#folder, prefix))
    const hashes = names.map((name) => (name.endsWith(META) ? name.slice(0, -META.length) : name))
    for (const hash of new Set(hashes)) {
      if (!/^[0-9a-f]{64}$/.test(hash) || !hash.startsWith(prefix)) continue
      const sidecar = await this.#sidecar(hash)
      if (sidecar !== undefined) found.push({ hash, sidecar })
      else await this.remove(hash)
    }
    return found
  }

  /** `undefined` when the file is not there as its sidecar says. */
  async #sidecar(hash: string): Promise<FilesSidecar | undefined> {
    const path = this.#path(hash)
    try {
      const sidecar = decodeFilesSidecar(await readFile(path + META))
      const { size } = await stat(path)
      return BigInt(size) === sidecar.sizeBytes ? sidecar : undefined
    } catch {
      return undefined
    }
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'w')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes a new name survive a loss of power, where the system can: not all open or sync folders. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // The file itself is safe all the same.
  }
}
