import { encryptedFileSize } from '@mimirjs/crypto'
import { fromHex } from '@mimirjs/wire'
import type { StoredFile } from '../store.js'
import type { FilesContext } from './context.js'
import { decryptFile } from './decrypt.js'
import type { Part } from './part.js'
import { plainPathOf } from './places.js'
import type { FileServers } from './servers.js'
import type { Slots } from './slots.js'
import type { Source, SourceEvents } from './source.js'

/** A file server has the encrypted form. Source: current protocol §15. */
export class ServerSource implements Source {
  readonly byteLength: number
  readonly extraBytes: number
  readonly canResume = true
  readonly #context: FilesContext
  readonly #file: StoredFile
  readonly #key: Uint8Array
  readonly #events: SourceEvents
  readonly #servers: FileServers
  readonly #slots: Slots
  #leave: (() => void) | undefined

  constructor(
    context: FilesContext,
    file: StoredFile & { readonly key: Uint8Array },
    events: SourceEvents,
    servers: FileServers,
    slots: Slots,
  ) {
    this.byteLength = encryptedFileSize(file.sizeBytes)
    this.extraBytes = file.sizeBytes
    this.#context = context
    this.#file = file
    this.#key = file.key
    this.#events = events
    this.#servers = servers
    this.#slots = slots
  }

  async enter(signal: AbortSignal): Promise<boolean> {
    const slot = this.#slots.take(signal)
    this.#leave = await Promise.race([slot, Promise.resolve(undefined)])
    if (this.#leave === undefined && !signal.aborted) {
      this.#events.onWaiting()
      this.#leave = await slot
    }
    return this.#leave !== undefined
  }

  async fill(part: Part, signal: AbortSignal): Promise<boolean> {
    const { hash, server } = this.#file
    try {
      await this.#servers.use(server, (client) =>
        client.download(fromHex(hash), {
          offset: part.bytes,
          sizeBytes: this.byteLength,
          signal,
          write: async (bytes) => {
            await part.append(bytes)
            if (part.failed) await part.settle()
            this.#events.onBytes(part)
          },
        }),
      )
    } finally {
      await part.settle()
    }
    return part.bytes === this.byteLength
  }

  async verify(part: Part): Promise<string> {
    await part.settle()
    const plainPath = plainPathOf(part.path)
    const { hash, sizeBytes } = this.#file
    const encrypted = { path: part.path, byteLength: this.byteLength, key: this.#key, plainBytes: sizeBytes }
    await decryptFile(this.#context.disk, { ...encrypted, sha256: fromHex(hash) }, plainPath)
    return plainPath
  }

  leave(): void {
    this.#leave?.()
    this.#leave = undefined
  }
}
