import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { CliError } from '../error.js'
import { systemReason } from '../failure.js'
import { blockBytes, bytesPerSecond, formatFault, type WavFormat } from './wav-format.js'

const RIFF_BYTES = 12
const CHUNK_BYTES = 8
const FMT_BYTES = 16
const EXTENSIBLE_BYTES = 40
const PCM = 1
const EXTENSIBLE = 0xfffe
/** Behind the sample kind in an extensible header. Source: Microsoft, KSDATAFORMAT_SUBTYPE_PCM. */
const SUBTYPE_TAIL = '000000001000800000aa00389b71'
/** Chunks before the sound; real files have a handful. */
const MAX_CHUNKS = 64

/** The sound of a WAV file, read piece by piece. Anything but 16-bit PCM, whole and in order, is refused. */
export class WavReader {
  readonly format: WavFormat
  /** Of the sound: whole samples of all channels. */
  readonly dataBytes: number
  readonly #path: string
  readonly #file: FileHandle
  #at: number
  readonly #end: number

  private constructor(path: string, file: FileHandle, { format, startByte, dataBytes }: Layout) {
    this.format = format
    this.dataBytes = dataBytes
    this.#path = path
    this.#file = file
    this.#at = startByte
    this.#end = startByte + dataBytes
  }

  /** @throws {CliError} `file` */
  static async open(path: string): Promise<WavReader> {
    let file: FileHandle | undefined
    try {
      // Without O_NONBLOCK, which Windows lacks, opening a named pipe would wait for a writer.
      file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
      const status = await file.stat()
      if (!status.isFile()) throw new CliError('file', `${path} is not a regular file`)
      return new WavReader(path, file, await readLayout(file, status.size))
    } catch (cause) {
      await file?.close()
      throw readError(path, cause)
    }
  }

  /** The next so many bytes, fewer at the end, none behind it. @throws {CliError} `file` */
  async read(byteLength: number): Promise<Buffer> {
    try {
      const bytes = await readExactly(this.#file, this.#at, Math.min(byteLength, this.#end - this.#at))
      this.#at += bytes.length
      return bytes
    } catch (cause) {
      throw readError(this.#path, cause)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }
}

interface Layout {
  readonly format: WavFormat
  readonly startByte: number
  readonly dataBytes: number
}

async function readLayout(file: FileHandle, fileBytes: number): Promise<Layout> {
  if (fileBytes < RIFF_BYTES) throw notWav('it is too short')
  const riff = await readExactly(file, 0, RIFF_BYTES)
  if (riff.toString('latin1', 0, 4) !== 'RIFF' || riff.toString('latin1', 8, 12) !== 'WAVE')
    throw notWav('it does not begin as one')
  let format: WavFormat | undefined
  let at = RIFF_BYTES
  for (let chunk = 0; chunk < MAX_CHUNKS && at + CHUNK_BYTES <= fileBytes; chunk++) {
    const header = await readExactly(file, at, CHUNK_BYTES)
    const [name, byteLength] = [header.toString('latin1', 0, 4), header.readUInt32LE(4)]
    at += CHUNK_BYTES
    if (at + byteLength > fileBytes) throw notWav(`it ends inside its part '${name.replaceAll(/[^\x20-\x7e]/g, '?')}'`)
    if (name === 'fmt ') {
      if (format !== undefined) throw notWav('it says twice what it contains')
      format = parseFormat(await readExactly(file, at, Math.min(byteLength, EXTENSIBLE_BYTES)))
    } else if (name === 'data') {
      if (format === undefined) throw notWav('it does not say what it contains')
      if (byteLength % blockBytes(format) !== 0) throw notWav('it ends inside a sample')
      return { format, startByte: at, dataBytes: byteLength }
    }
    // Parts begin at even places.
    at += byteLength + (byteLength % 2)
  }
  throw notWav('it contains no sound')
}

function parseFormat(chunk: Buffer): WavFormat {
  if (chunk.length < FMT_BYTES) throw notWav('the description of the sound is too short')
  const kind = chunk.readUInt16LE(0)
  const isPcm =
    kind === PCM ||
    (kind === EXTENSIBLE &&
      chunk.length === EXTENSIBLE_BYTES &&
      chunk.readUInt16LE(24) === PCM &&
      chunk.toString('hex', 26) === SUBTYPE_TAIL)
  if (!isPcm) throw notWav(`the sound is of kind ${kind}, expected PCM (1)`)
  const bits = chunk.readUInt16LE(14)
  if (bits !== 16) throw notWav(`the samples have ${bits} bits, expected 16`)
  const format = { sampleRate: chunk.readUInt32LE(4), channelCount: chunk.readUInt16LE(2) }
  const fault = formatFault(format)
  if (fault !== undefined) throw notWav(`it has ${fault}`)
  if (chunk.readUInt32LE(8) !== bytesPerSecond(format) || chunk.readUInt16LE(12) !== blockBytes(format))
    throw notWav('the description of the sound contradicts itself')
  return format
}

async function readExactly(file: FileHandle, at: number, byteLength: number): Promise<Buffer> {
  const buffer = Buffer.alloc(byteLength)
  for (let filled = 0; filled < byteLength; ) {
    const { bytesRead } = await file.read(buffer, filled, byteLength - filled, at + filled)
    if (bytesRead === 0) throw notWav('it became shorter meanwhile')
    filled += bytesRead
  }
  return buffer
}

function notWav(why: string): CliError {
  return new CliError('file', `not a WAV file of 16-bit PCM: ${why}`)
}

function readError(path: string, cause: unknown): CliError {
  const why = cause instanceof CliError ? cause.message : systemReason(cause)
  return new CliError('file', `cannot read ${path}: ${why}`, { cause })
}
