import { open } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import type { Content, OutgoingFile } from '@mimirjs/messenger'
import { CliError } from './error.js'
import { systemReason } from './failure.js'
import type { CliIo } from './io.js'

/** What the protocol carries at most, in bytes; the messenger checks it again. */
export const MAX_TEXT_BYTES = 1_048_576
const MAX_IMAGE_BYTES = 5_242_880
const MAX_FILE_BYTES = 10_485_760

export interface ContentOptions {
  /** Paths. */
  readonly file?: string
  readonly image?: string
  readonly replyTo?: string
}

/**
 * What is to be sent, read from the command line, standard input and files before anything else happens.
 * @param words - the text; `-` alone stands for standard input
 * @throws {CliError} `usage` | `file`
 */
export async function readContent(io: CliIo, words: readonly string[], options: ContentOptions): Promise<Content> {
  const text = words.length === 1 && words[0] === '-' ? await readText(io) : words.join(' ')
  const replyTo = options.replyTo === undefined ? {} : { replyTo: options.replyTo }
  if (options.image !== undefined)
    return { image: await readAttachment(io, options.image, MAX_IMAGE_BYTES), text, ...replyTo }
  if (options.file !== undefined)
    return { file: await readAttachment(io, options.file, MAX_FILE_BYTES), text, ...replyTo }
  if (text === '') throw new CliError('usage', 'nothing to send: give a text, - for standard input, --file or --image')
  return { text, ...replyTo }
}

async function readText(io: CliIo): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of io.stdin as AsyncIterable<Buffer | string>) {
    const piece = Buffer.from(chunk)
    chunks.push(piece)
    bytes += piece.length
    if (bytes > MAX_TEXT_BYTES + 1)
      throw new CliError(
        'usage',
        `standard input is longer than the ${MAX_TEXT_BYTES} bytes of a text: send it with --file`,
      )
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
    return text.replace(/\r?\n$/, '')
  } catch (cause) {
    throw new CliError('usage', 'standard input is not UTF-8 text: send it with --file', { cause })
  }
}

async function readAttachment(io: CliIo, name: string, maxBytes: number): Promise<OutgoingFile> {
  const path = resolve(io.cwd, name)
  const bytes = await readBounded(path, maxBytes)
  if (bytes.length > maxBytes)
    throw new CliError('usage', `${path} has more than the ${maxBytes} bytes that the protocol carries`)
  const mimeType = MIME_TYPES[extname(path).toLowerCase()]
  return { bytes, name: basename(path), ...(mimeType === undefined ? {} : { mimeType }) }
}

/** At most one byte more than allowed is read, whatever stands behind the name. */
async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    await using file = await open(path)
    const status = await file.stat()
    if (!status.isFile()) throw new CliError('file', `${path} is not a regular file`)
    const buffer = new Uint8Array(Math.min(status.size, maxBytes) + 1)
    let end = 0
    while (end < buffer.length) {
      const { bytesRead } = await file.read(buffer, end, buffer.length - end)
      if (bytesRead === 0) break
      end += bytesRead
    }
    return buffer.subarray(0, end)
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError('file', `cannot read ${path}: ${systemReason(cause)}`, { cause })
  }
}

const MIME_TYPES: Readonly<Record<string, string>> = {
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
