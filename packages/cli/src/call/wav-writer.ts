import { type FileHandle, open, rm } from 'node:fs/promises'
import { CliError } from '../error.js'
import { systemReason } from '../failure.js'
import { BYTES_PER_SAMPLE, blockBytes, bytesPerSecond, type WavFormat } from './wav-format.js'

const HEADER_BYTES = 44
/** Sizes in the file have 32 bits. */
const MAX_DATA_BYTES = 0xffff_ffff - HEADER_BYTES

/** A WAV file of 16-bit PCM that grows. It is a whole one after {@link finish}. */
export class WavWriter {
  readonly path: string
  readonly #file: FileHandle
  #dataBytes = 0

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.#file = file
  }

  /** Make the file, for its owner alone. @throws {CliError} `exists` | `file` */
  static async create(path: string): Promise<WavWriter> {
    try {
      return new WavWriter(path, await open(path, 'wx', 0o600))
    } catch (cause) {
      const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
      if (isThere) throw new CliError('exists', `${path} is there already: choose another file`, { cause })
      throw writeError(path, cause)
    }
  }

  get dataBytes(): number {
    return this.#dataBytes
  }

  /** Append samples. @returns false when the file is as long as such a file may be @throws {CliError} `file` */
  async write(samples: Uint8Array): Promise<boolean> {
    if (this.#dataBytes + samples.length > MAX_DATA_BYTES) return false
    await this.#writeAt(samples, HEADER_BYTES + this.#dataBytes)
    this.#dataBytes += samples.length
    return true
  }

  /** Say in the file what it contains, and close it. @throws {CliError} `file` */
  async finish(format: WavFormat): Promise<void> {
    try {
      await this.#writeAt(header(format, this.#dataBytes), 0)
    } finally {
      await this.#file.close()
    }
  }

  /** There was no sound: leave nothing behind. */
  async discard(): Promise<void> {
    await this.#file.close()
    await rm(this.path, { force: true })
  }

  async #writeAt(bytes: Uint8Array, at: number): Promise<void> {
    try {
      for (let written = 0; written < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, at + written)
        written += bytesWritten
      }
    } catch (cause) {
      throw writeError(this.path, cause)
    }
  }
}

function header(format: WavFormat, dataBytes: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.write('RIFF', 0, 'latin1')
  bytes.writeUInt32LE(HEADER_BYTES - 8 + dataBytes, 4)
  bytes.write('WAVEfmt ', 8, 'latin1')
  bytes.writeUInt32LE(16, 16)
  bytes.writeUInt16LE(1, 20)
  bytes.writeUInt16LE(format.channelCount, 22)
  bytes.writeUInt32LE(format.sampleRate, 24)
  bytes.writeUInt32LE(bytesPerSecond(format), 28)
  bytes.writeUInt16LE(blockBytes(format), 32)
  bytes.writeUInt16LE(8 * BYTES_PER_SAMPLE, 34)
  bytes.write('data', 36, 'latin1')
  bytes.writeUInt32LE(dataBytes, 40)
  return bytes
}

function writeError(path: string, cause: unknown): CliError {
  return new CliError('file', `cannot write ${path}: ${systemReason(cause)}`, { cause })
}
