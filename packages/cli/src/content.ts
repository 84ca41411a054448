import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import { addAbortSignal } from 'node:stream'
import type { Content, OutgoingFile } from '@mimirjs/messenger'
import type { Generation } from '@mimirjs/wire'
import { CliError } from './error.js'
import { systemReason } from './failure.js'
import type { CliIo } from './io.js'
import type { Patience } from './patience.js'

/** What the protocol carries at most, in bytes; the messenger checks it again. */
export const MAX_TEXT_BYTES = 1_048_576
const MAX_IMAGE_BYTES = 5_242_880
const MAX_FILE_BYTES = 10_485_760

export interface ContentOptions {
  /** Paths. */
  readonly file?: string
  readonly image?: string
  readonly voice?: string
  /** Id of a text of ours. */
  readonly edit?: string
  /** An emoji. */
  readonly react?: string
  readonly replyTo?: string
}

/**
 * What is to be sent, read from the command line, standard input and files before anything else happens.
 * @param words - the text; `-` alone stands for standard input
 * @throws {CliError} `usage` | `file` | `not-read`
 */
export async function readContent(
  io: CliIo,
  words: readonly string[],
  options: ContentOptions,
  generation: Generation,
  patience: Patience,
): Promise<Content> {
  if (options.react !== undefined) {
    if (options.replyTo === undefined) throw new CliError('usage', '--react needs --reply-to: the message it is about')
    return { reaction: options.react, replyTo: options.replyTo }
  }
  const text = words.length === 1 && words[0] === '-' ? await readText(io, patience) : words.join(' ')
  const replyTo = options.replyTo === undefined ? {} : { replyTo: options.replyTo }
  const attachment = (name: string, maxInlineBytes: number): Promise<OutgoingFile> =>
    // What is only announced has no such ceiling, and the messenger copies it without holding it.
    readAttachment(io, name, generation === 'current' ? undefined : maxInlineBytes)
  if (options.image !== undefined) return { image: await attachment(options.image, MAX_IMAGE_BYTES), text, ...replyTo }
  if (options.file !== undefined) return { file: await attachment(options.file, MAX_FILE_BYTES), text, ...replyTo }
  if (options.voice !== undefined) return { voice: await attachment(options.voice, MAX_FILE_BYTES), ...replyTo }
  if (text === '') throw new CliError('usage', 'nothing to send: give a text, - for standard input, --file or --image')
  if (options.edit !== undefined) return { edit: options.edit, text }
  return { text, ...replyTo }
}

async function readText(io: CliIo, patience: Patience): Promise<string> {
  const bytes = await readInput(io, patience)
  try {
    return decodeText(bytes).replace(/\r?\n$/, '')
  } catch (cause) {
    throw new CliError('usage', 'standard input is not UTF-8 text: send it with --file', { cause })
  }
}

async function readInput(io: CliIo, patience: Patience): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of addAbortSignal(patience.signal, io.stdin) as AsyncIterable<Buffer | string>) {
      const piece = Buffer.from(chunk)
      chunks.push(piece)
      bytes += piece.length
      if (bytes > MAX_TEXT_BYTES + 1)
        throw new CliError(
          'usage',
          `standard input is longer than the ${MAX_TEXT_BYTES} bytes of a text: send it with --file`,
        )
    }
    return Buffer.concat(chunks)
  } catch (cause) {
    if (!patience.signal.aborted) throw cause
    const why = `standard input did not end: ${patience.end()}`
    throw new CliError('not-read', `nothing is accepted, because ${why}`, { cause })
  }
}

/** Nothing is replaced in it. @throws {TypeError} for bytes that are no UTF-8 */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}

async function readAttachment(io: CliIo, name: string, maxBytes: number | undefined): Promise<OutgoingFile> {
  const path = resolve(io.cwd, name)
  const mimeType = MIME_TYPES[extname(path).toLowerCase()]
  if (maxBytes === undefined) return { path, ...(mimeType === undefined ? {} : { mimeType }) }
  const bytes = await readBounded(path, maxBytes)
  if (bytes.length > maxBytes)
    throw new CliError('usage', `${path} has more than the ${maxBytes} bytes that the protocol carries`)
  return { bytes, name: basename(path), ...(mimeType === undefined ? {} : { mimeType }) }
}

/** At most one byte more than allowed is read, whatever stands behind the name. */
async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    // Without O_NONBLOCK, which Windows lacks, opening a named pipe would wait for a writer.
    await using file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const status = await file.stat()
    if (!status.isFile()) throw new CliError('file', `${path} is not a regular file`)
    // To its end, not to its size: that may be stale, and files of the system have none.
    const chunks: Buffer[] = []
    for await (const chunk of file.createReadStream({ end: maxBytes, autoClose: false })) chunks.push(chunk as Buffer)
    return new Uint8Array(Buffer.concat(chunks))
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError('file', `cannot read ${path}: ${systemReason(cause)}`, { cause })
  }
}

export const MIME_TYPES: Readonly<Record<string, string>> = {
  '.gif': 'image/gif',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.ogg': 'audio/ogg',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.txt': 'text/plain',
  '.webp': 'image/webp',
  '.zip': 'application/zip',
}
