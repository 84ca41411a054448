import { createSha256, type Sha256 } from '@mimirjs/crypto'
import type { Disk, DiskFile } from './disk.js'
import { fileError } from './file-error.js'
import { readPieces, writeFull } from './pieces.js'

/** Bytes that wait for the disk before {@link Part.append} asks for patience. */
const HIGH_WATER_BYTES = 524_288

/**
 * A file that grows at its end while it arrives. Its memory is what waits for the disk: half a megabyte and one piece.
 * After a failure nothing more is taken: open it anew at what is known to be on the disk.
 */
export class Part {
  readonly path: string
  readonly #file: DiskFile
  /** Hashes what comes, if all of it came through here; else the file is read again in the end. */
  #sha256: Sha256 | undefined
  /** All that came. */
  #bytes: number
  /** What the disk has taken. */
  #writtenBytes: number
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #writing: Promise<void> | undefined
  #failure: unknown

  private constructor(path: string, file: DiskFile, bytes: number) {
    this.path = path
    this.#file = file
    this.#bytes = bytes
    this.#writtenBytes = bytes
    this.#sha256 = bytes === 0 ? createSha256() : undefined
  }

  /**
   * Go on with a file, or make it when it is not there. What it has behind `bytes` is cut off: nobody knows whether it got
   * to the disk. If it has less, that is where it goes on.
   * @throws {MessengerError} `file`
   */
  static async open(disk: Disk, path: string, bytes: number): Promise<Part> {
    try {
      const there = await disk.findName(path)
      const file = await disk.open(path, there === undefined ? 'create' : 'update')
      try {
        const { size } = await file.stat()
        if (size > bytes) await file.truncate(bytes)
        return new Part(path, file, Math.min(size, bytes))
      } catch (cause) {
        await file.close()
        throw cause
      }
    } catch (cause) {
      throw fileError('write', path, cause)
    }
  }

  /** How much has come, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Take the next bytes; they are copied. Returns a promise when the disk is slower than the network: bring no more until
   * it settles. It never rejects: {@link settle} tells of a failure.
   */
  append(bytes: Uint8Array): undefined | Promise<void> {
    if (this.#failure !== undefined) return undefined
    this.#sha256?.update(bytes)
    this.#queue.push(new Uint8Array(bytes))
    this.#queuedBytes += bytes.length
    this.#bytes += bytes.length
    this.#writing ??= this.#write()
    return this.#queuedBytes > HIGH_WATER_BYTES ? this.#writing : undefined
  }

  async #write(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const bytes = joined(this.#queue)
        this.#queue = []
        await writeFull(this.#file, bytes, this.#writtenBytes)
        this.#writtenBytes += bytes.length
        this.#queuedBytes -= bytes.length
      }
    } catch (cause) {
      this.#failure = cause
      this.#queue = []
    } finally {
      this.#writing = undefined
    }
  }

  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** The system has taken all that came. @throws {MessengerError} `file` */
  async settle(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
    if (this.#failure !== undefined) throw fileError('write', this.path, this.#failure)
  }

  /** @returns how many bytes are on the disk for good @throws {MessengerError} `file` */
  async sync(): Promise<number> {
    const bytes = this.#writtenBytes
    try {
      await this.#file.datasync()
    } catch (cause) {
      this.#failure ??= cause
    }
    if (this.#failure !== undefined) throw fileError('write', this.path, this.#failure)
    return bytes
  }

  /** Begin anew. @throws {MessengerError} `file` */
  async reset(): Promise<void> {
    await this.settle()
    try {
      await this.#file.truncate(0)
    } catch (cause) {
      this.#failure = cause
      throw fileError('write', this.path, cause)
    }
    this.#bytes = 0
    this.#writtenBytes = 0
    this.#sha256 = createSha256()
  }

  /** SHA-256 of all of it; once. @throws {MessengerError} `file` */
  async digest(): Promise<Uint8Array> {
    await this.settle()
    const sha256 = this.#sha256 ?? (await this.#hashAgain())
    this.#sha256 = undefined
    return sha256.digest()
  }

  async #hashAgain(): Promise<Sha256> {
    const sha256 = createSha256()
    for await (const piece of readPieces(this.#file, this.path, 0, this.#bytes)) sha256.update(piece)
    return sha256
  }

  /** What came and is not written yet is lost; see {@link settle}. */
  async close(): Promise<void> {
    this.#queue = []
    while (this.#writing !== undefined) await this.#writing
    await this.#file.close()
  }
}

/** Small pieces are written together: each write is a trip to another thread. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1 && pieces[0] !== undefined) return pieces[0]
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
