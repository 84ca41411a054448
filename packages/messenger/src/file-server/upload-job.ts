import { MAX_UPLOAD_CHUNK_BYTES } from '@mimirjs/wire/files'
import { MessengerError } from '../error.js'
import { Chunks } from './chunks.js'
import type { FileServerConnection } from './connection.js'
import type { FileServerJob } from './job.js'
import type { Scope } from './scope.js'
import { refusal } from './server-text.js'

/** A file as a server gets it. */
export interface UploadFile {
  /** SHA-256 of all of it, 32 bytes. */
  readonly hash: Uint8Array
  /** Of the message that announces it. */
  readonly guid: bigint
  /** At least 1: nobody could read an empty file again. */
  readonly sizeBytes: number
  /** All of it from the beginning, in pieces of any size. Called again for every attempt. */
  open(): AsyncIterable<Uint8Array>
}

/** What a server says when an upload is not, or not there, where we are: begin again (§15.3). */
const LOST_UPLOAD = /^(no active upload|expected offset)/

/**
 * A file on its way to a server. A server keeps nothing of an upload that breaks, so every attempt starts at 0; it
 * counts as progress only when it gets further than all before.
 */
export class UploadJob implements FileServerJob<void> {
  readonly doing = 'upload'
  readonly #file: UploadFile
  readonly #onProgress: ((doneBytes: number) => void) | undefined
  #progressBytes = 0

  constructor(file: UploadFile, onProgress: ((doneBytes: number) => void) | undefined) {
    this.#file = file
    this.#onProgress = onProgress
  }

  get progressBytes(): number {
    return this.#progressBytes
  }

  async attempt(connection: FileServerConnection, scope: Scope): Promise<void> {
    await scope.wait(connection.room())
    if (this.#file.sizeBytes > MAX_UPLOAD_CHUNK_BYTES && (await this.#isThere(connection, scope))) {
      return this.#done(this.#file.sizeBytes)
    }
    const chunks = new Chunks(this.#file.open(), MAX_UPLOAD_CHUNK_BYTES)
    try {
      await this.#send(chunks, connection, scope)
    } finally {
      await scope.wait(chunks.close())
    }
  }

  /** A server that has the file takes every chunk and drops it: asking before saves sending it. */
  async #isThere(connection: FileServerConnection, scope: Scope): Promise<boolean> {
    const { hash, sizeBytes } = this.#file
    const there = await scope.wait(connection.info(hash))
    if (there === undefined || there.sizeBytes === sizeBytes) return there !== undefined
    const what = `has a file of ${there.sizeBytes} bytes under the hash of ours, which has ${sizeBytes}`
    throw new MessengerError('file-server', `the file server ${what}`)
  }

  async #send(chunks: Chunks, connection: FileServerConnection, scope: Scope): Promise<void> {
    const { hash, guid, sizeBytes } = this.#file
    const totalBytes = BigInt(sizeBytes)
    let failed: Error | undefined
    let answered: Promise<void> = Promise.resolve()
    for (let offset = 0; offset < sizeBytes; ) {
      const chunk = await scope.wait(chunks.next())
      const endBytes = offset + (chunk?.length ?? 0)
      // Nothing is sent that is known not to become the file.
      if (
        chunk === undefined ||
        endBytes > sizeBytes ||
        (chunk.length < MAX_UPLOAD_CHUNK_BYTES && endBytes < sizeBytes)
      ) {
        throw new RangeError(`open(): expected ${sizeBytes} bytes, got ${endBytes > sizeBytes ? 'more' : endBytes}`)
      }
      await scope.wait(connection.room())
      if (failed !== undefined) break
      const sent = connection.upload({ fileHash: hash, guid, offsetBytes: BigInt(offset), totalBytes, chunk })
      // Of the chunks under way the first that fails is the reason; those behind it only follow from it.
      answered = sent
        .then((text) => {
          if (text !== undefined) failed ??= uploadRefusal(text)
          else if (failed === undefined) this.#done(endBytes)
        })
        .catch((error: Error) => {
          failed ??= error
        })
      offset = endBytes
    }
    await scope.wait(answered)
    if (failed !== undefined) throw failed
  }

  #done(doneBytes: number): void {
    if (doneBytes <= this.#progressBytes) return
    this.#progressBytes = doneBytes
    this.#onProgress?.(doneBytes)
  }
}

function uploadRefusal(text: string): MessengerError {
  const error = refusal('the upload', text)
  return LOST_UPLOAD.test(text) ? new MessengerError('unreachable', error.message, { cause: error }) : error
}
