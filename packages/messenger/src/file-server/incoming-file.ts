import { downloadResponse, MAX_DOWNLOAD_CHUNK_BYTES } from '@mimirjs/wire/files'
import { toSize, Violation } from './violation.js'

/** The next bytes of a file. */
export interface FilePart {
  readonly bytes: Uint8Array
  readonly sizeBytes: number
  /** The file ends here. */
  readonly last: boolean
}

/** A file as its frames come: each begins where the one before ended, all say the same size, and none goes past it. */
export class IncomingFile {
  #nextBytes: number
  #sizeBytes: number | undefined

  /** @param sizeBytes - where it is known: a server that says another one is not believed */
  constructor(offsetBytes: number, sizeBytes: number | undefined) {
    this.#nextBytes = offsetBytes
    this.#sizeBytes = sizeBytes
  }

  /** @throws {WireError} or a Violation */
  take(payload: Uint8Array): FilePart {
    const { chunk, totalBytes, offsetBytes } = downloadResponse.decode(payload)
    const sizeBytes = toSize(totalBytes)
    if (chunk.length === 0 || chunk.length > MAX_DOWNLOAD_CHUNK_BYTES) {
      throw new Violation(`a chunk of ${chunk.length} bytes, expected 1 to ${MAX_DOWNLOAD_CHUNK_BYTES}`)
    }
    if (this.#sizeBytes !== undefined && this.#sizeBytes !== sizeBytes) {
      throw new Violation(`a file of ${sizeBytes} bytes, expected ${this.#sizeBytes}`)
    }
    if (offsetBytes !== BigInt(this.#nextBytes)) {
      throw new Violation(`a chunk at ${offsetBytes}, expected one at ${this.#nextBytes}`)
    }
    const endBytes = this.#nextBytes + chunk.length
    if (endBytes > sizeBytes) throw new Violation(`bytes up to ${endBytes} of a file of ${sizeBytes}`)
    this.#nextBytes = endBytes
    this.#sizeBytes = sizeBytes
    return { bytes: chunk, sizeBytes, last: endBytes === sizeBytes }
  }
}
