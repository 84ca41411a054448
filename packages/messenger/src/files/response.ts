import { type Connection, isPeerError, type OutgoingData, type PeerError, type PeerErrorCode } from '@mimirjs/peer'
import { encodeAttachmentHead, MAX_CONTROL_PAYLOAD_BYTES, MAX_DATA_BYTES, MessageType } from '@mimirjs/wire/peer'
import { MessengerError } from '../error.js'
import type { StoredFile } from '../store.js'
import type { FilesContext } from './context.js'
import type { DiskFile } from './disk.js'
import { badFile } from './file-error.js'
import { Pace } from './pace.js'
import { readPieces, withOpen } from './pieces.js'

interface Range {
  readonly offset: number
  readonly maxBytes: number
}

/** How often it is looked whether the other side takes what it asked for, and whether there is room for it. */
const LOOK_MS = 1_000

/** An answer under the same guid has no OK yet, or there is no room after all. */
const WAITING: ReadonlySet<PeerErrorCode> = new Set<PeerErrorCode>(['window-full', 'duplicate-guid'])

/** One answer to a request for a file: all of it, or a range. It is read while it goes out. */
export class Response {
  readonly guid: bigint
  readonly #context: FilesContext
  readonly #connection: Connection
  readonly #file: StoredFile
  readonly #range: Range | undefined
  readonly #pace: Pace
  #isLost = false
  /** When something last moved. */
  #movedMs: number
  #wake: () => void = () => {}
  #over: ((error?: PeerError) => void) | undefined

  constructor(context: FilesContext, connection: Connection, file: StoredFile, range: Range | undefined) {
    this.guid = file.guid
    this.#context = context
    this.#connection = connection
    this.#file = file
    this.#range = range
    this.#pace = new Pace(context.clock)
    this.#movedMs = context.clock.nowMs()
  }

  /** There is room on the connection again. */
  writable(): void {
    this.#wake()
  }

  /** The connection ended, or nobody is to have the file any more. */
  lost(): void {
    this.#isLost = true
    this.#wake()
    this.#over?.()
  }

  /**
   * Resolves when all of it was handed to the network, or will not be.
   * @throws {MessengerError} `file` when we do not have it any more | `too-large` for one frame
   * @throws {PeerError} what sending it said
   */
  async send(): Promise<void> {
    const { disk, places } = this.#context
    const { name, sizeBytes, hash, path } = this.#file
    const offset = this.#range?.offset ?? 0
    const byteLength = Math.min(this.#range?.maxBytes ?? sizeBytes, sizeBytes - offset)
    if (byteLength <= 0 && (this.#range || sizeBytes > 0)) return
    const head = encodeAttachmentHead({ name, sizeBytes, hash, ...(this.#range && { offset }) }, 'current')
    const dataBytes = head.length + byteLength
    if (dataBytes > MAX_DATA_BYTES) {
      if (this.#range) return
      const most = `this program only takes ${MAX_DATA_BYTES} bytes at once`
      throw new MessengerError('too-large', `the file of ${sizeBytes} bytes cannot be sent: ${most}`)
    }
    const real = places.real(path)
    await withOpen(disk, real, 'read', async (opened) => {
      const found = await opened.stat()
      if (!found.isFile() || found.size !== sizeBytes)
        throw badFile('send', real, 'something has changed it', 'restore it')
      if (this.#range === undefined && dataBytes <= MAX_CONTROL_PAYLOAD_BYTES) await this.#sendInline(opened, head)
      else await this.#sendData(opened, head, offset, byteLength)
    })
  }

  async #sendInline(opened: DiskFile, head: Uint8Array): Promise<void> {
    const { sizeBytes, path } = this.#file
    const payload = new Uint8Array(head.length + sizeBytes)
    payload.set(head)
    let at = head.length
    for await (const piece of readPieces(opened, path, 0, sizeBytes)) {
      payload.set(piece, at)
      at += piece.length
    }
    await this.#context.fault('serving')
    const isSent = await this.#whenRoom(payload.length, () => this.#connection.send({ ...this.#envelope(), payload }))
    if (isSent) this.#tell('complete', sizeBytes)
  }

  async #sendData(opened: DiskFile, head: Uint8Array, offset: number, byteLength: number): Promise<void> {
    const { sizeBytes, path } = this.#file
    const dataBytes = head.length + byteLength
    async function* source(): AsyncGenerator<Uint8Array, void, void> {
      yield head
      yield* readPieces(opened, path, offset, byteLength)
    }
    await this.#context.fault('serving')
    const over = new Promise<PeerError | undefined>((resolve) => {
      this.#over = resolve
    })
    const data: OutgoingData = {
      ...this.#envelope(),
      dataBytes,
      source: source(),
      onProgress: (sentBytes) => this.#moved(offset - head.length + sentBytes),
      done: (error) => this.#over?.(error),
    }
    // However short: it goes on the data stream.
    const windowBytes = Math.max(dataBytes, MAX_CONTROL_PAYLOAD_BYTES + 1)
    if (!(await this.#whenRoom(windowBytes, () => this.#connection.sendData(data)))) return
    this.#movedMs = this.#context.clock.nowMs()
    const error = await this.#watched(over)
    if (error) throw error
    if (offset + byteLength === sizeBytes && !this.#isLost) this.#tell('complete', sizeBytes)
  }

  /** Whoever takes nothing of what it asked for holds a place that others wait for: its connection is closed. */
  async #watched<T>(work: Promise<T>): Promise<T> {
    let cancel = (): void => {}
    const watch = (): void => {
      cancel = this.#context.clock.schedule(() => {
        if (this.#hasStalled()) this.#connection.close()
        else watch()
      }, LOOK_MS)
    }
    watch()
    try {
      return await work
    } finally {
      cancel()
    }
  }

  #moved(doneBytes: number): void {
    this.#movedMs = this.#context.clock.nowMs()
    if (this.#pace.isDue()) this.#tell('progress', Math.max(0, doneBytes))
  }

  #hasStalled(): boolean {
    return this.#context.clock.nowMs() - this.#movedMs >= this.#context.limits.stallMs
  }

  /** Send as soon as there is room, which what was sent before may take. @returns false when there will be none */
  async #whenRoom(payloadBytes: number, send: () => void): Promise<boolean> {
    while (!this.#isLost && !this.#connection.closed && !this.#hasStalled()) {
      if (this.#connection.windowFor(payloadBytes) > 0 && this.#tried(send)) return true
      await new Promise<void>((resolve) => {
        const cancel = this.#context.clock.schedule(resolve, LOOK_MS)
        this.#wake = () => {
          cancel()
          resolve()
        }
      })
    }
    return false
  }

  #tried(send: () => void): boolean {
    try {
      send()
      return true
    } catch (cause) {
      if (isPeerError(cause) && WAITING.has(cause.code)) return false
      throw cause
    }
  }

  #envelope(): { guid: bigint; replyTo: bigint; sendTimeMs: bigint; editTimeMs: bigint; messageType: number } {
    const sendTimeMs = BigInt(Math.floor(this.#context.clock.nowMs()))
    return { guid: this.guid, replyTo: 0n, sendTimeMs, editTimeMs: 0n, messageType: MessageType.fileResponse }
  }

  #tell(state: 'progress' | 'complete', doneBytes: number): void {
    const { peer, sizeBytes } = this.#file
    this.#context.emit({ peer, id: String(this.guid), outgoing: true, state, doneBytes, sizeBytes })
  }
}
