import type { FileInfo, FileServerConnection } from './connection.js'
import type { FileServerJob } from './job.js'
import type { Scope } from './scope.js'

/** What a server knows of a file. */
export class InfoJob implements FileServerJob<FileInfo | undefined> {
  readonly doing = 'question'
  readonly progressBytes = 0
  readonly #fileHash: Uint8Array

  constructor(fileHash: Uint8Array) {
    this.#fileHash = fileHash
  }

  async attempt(connection: FileServerConnection, scope: Scope): Promise<FileInfo | undefined> {
    await scope.wait(connection.room())
    return scope.wait(connection.info(this.#fileHash))
  }
}
