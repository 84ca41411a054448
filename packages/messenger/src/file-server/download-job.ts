import type { FileServerConnection } from './connection.js'
import type { FileServerJob } from './job.js'
import type { Scope } from './scope.js'

/** A file on its way from a server: after a break it goes on where it was. */
export class DownloadJob implements FileServerJob<{ sizeBytes: number }> {
  readonly doing = 'download'
  readonly #fileHash: Uint8Array
  readonly #write: (bytes: Uint8Array) => void | Promise<void>
  #offsetBytes: number
  #sizeBytes: number | undefined
  /** What an attempt that broke left behind: how far we are is known when it has settled. */
  #writing: Promise<void> = Promise.resolve()

  constructor(
    fileHash: Uint8Array,
    offsetBytes: number,
    sizeBytes: number | undefined,
    write: (bytes: Uint8Array) => void | Promise<void>,
  ) {
    this.#fileHash = fileHash
    this.#offsetBytes = offsetBytes
    this.#sizeBytes = sizeBytes
    this.#write = write
  }

  get progressBytes(): number {
    return this.#offsetBytes
  }

  async attempt(connection: FileServerConnection, scope: Scope): Promise<{ sizeBytes: number }> {
    await scope.wait(this.#writing)
    if (this.#sizeBytes === undefined || this.#offsetBytes < this.#sizeBytes) await this.#fetch(connection, scope)
    return { sizeBytes: this.#sizeBytes ?? this.#offsetBytes }
  }

  async #fetch(connection: FileServerConnection, scope: Scope): Promise<void> {
    await scope.wait(connection.room())
    const from = { fileHash: this.#fileHash, offsetBytes: this.#offsetBytes, sizeBytes: this.#sizeBytes }
    const fetched = connection.download(from, (bytes, sizeBytes) => {
      if (scope.reason !== undefined) throw scope.reason
      this.#sizeBytes = sizeBytes
      const writing = this.#write(bytes)
      if (!(writing instanceof Promise)) return this.#wrote(bytes)
      this.#writing = writing.then(() => this.#wrote(bytes))
      this.#writing.catch(() => {})
      return this.#writing
    })
    try {
      await scope.wait(fetched)
    } finally {
      // A server sends a file to its end: whoever wants no more of it has to leave.
      if (scope.reason !== undefined) connection.abort(scope.reason)
    }
  }

  #wrote(bytes: Uint8Array): void {
    this.#offsetBytes += bytes.length
  }
}
