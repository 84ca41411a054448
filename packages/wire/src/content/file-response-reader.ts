import { ByteQueue } from '../byte-queue.js'
import { metadataByteLength, type ReceivedMetadata, readMetadata } from '../peer/attachment.js'

const LENGTH_BYTES = 4

/**
 * Takes the data of a FILE_RESPONSE apart as it comes: `length u32 | metadata (JSON) | file`. It holds the metadata only;
 * the file goes through. What fits into one payload is for `splitAttachment`. Source: current protocol §9.
 * @example
 * const response = new FileResponseReader(header.dataBytes)
 * write(response.push(event.bytes)) // for every piece; response.received is there before the first byte of the file
 */
export class FileResponseReader {
  readonly #dataBytes: number
  readonly #head = new ByteQueue()
  /** Bytes of the head that are gathered next: the length, then the metadata. */
  #wantedBytes = LENGTH_BYTES
  #fileBytes: number | undefined
  #received: ReceivedMetadata | undefined

  /** @param dataBytes - the size that the frame announced */
  constructor(dataBytes: number) {
    this.#dataBytes = dataBytes
  }

  /** What the sender says about the file, once all of it has come; `damaged` if the file is not as long as said. */
  get received(): ReceivedMetadata | undefined {
    return this.#received
  }

  /** Length of the file, as soon as it is known. */
  get fileBytes(): number | undefined {
    return this.#fileBytes
  }

  /**
   * The part of the next piece of data that belongs to the file: a view of it, often empty.
   * @throws {WireError} `attachment` when the metadata does not fit or is malformed: skip the rest of the frame.
   */
  push(data: Uint8Array): Uint8Array {
    let at = 0
    while (this.#received === undefined && at < data.length) {
      const end = Math.min(data.length, at + this.#wantedBytes - this.#head.size)
      this.#head.push(data.subarray(at, end))
      at = end
      if (this.#head.size === this.#wantedBytes) this.#read(this.#head.take(this.#wantedBytes))
    }
    return data.subarray(at)
  }

  #read(bytes: Uint8Array): void {
    if (this.#fileBytes !== undefined) {
      this.#received = readMetadata(bytes, this.#fileBytes)
      return
    }
    this.#wantedBytes = metadataByteLength(bytes, this.#dataBytes)
    this.#fileBytes = this.#dataBytes - LENGTH_BYTES - this.#wantedBytes
  }
}
