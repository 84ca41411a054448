import type { Signer } from '@mimirjs/crypto'
import type { ByteStream, Clock } from '@mimirjs/transport'
import type { UploadRequest } from '@mimirjs/wire/files'
import { MessengerError } from '../error.js'
import { type Deferred, deferred } from './deferred.js'
import { type DownloadFrom, type FileServerEvent, FileServerMachine } from './machine.js'
import { refusal } from './server-text.js'
import type { FileServerTimers } from './timers.js'

export interface FileServerConnectionOptions {
  readonly signer: Signer
  readonly clock: Clock
  readonly timers: FileServerTimers
  mayBeSigned(nonce: Uint8Array): boolean
}

/** What a server knows of a file. */
export interface FileInfo {
  readonly sizeBytes: number
  /** Of the message that its first uploader named. */
  readonly guid: bigint
}

/** Takes the bytes of a download; a promise holds the stream back until it settles. */
export type WriteDownload = (bytes: Uint8Array, sizeBytes: number) => void | Promise<void>

type Answer = Extract<FileServerEvent, { type: 'accepted' | 'info' | 'refused' }>

interface Download {
  readonly done: Deferred<void>
  readonly write: WriteDownload
}

const NOT_THERE = 'file not found'

/** The machine of one connection on its stream: it moves bytes, events and deadlines, and decides nothing. */
export class FileServerConnection {
  readonly #stream: ByteStream
  readonly #signer: Signer
  readonly #clock: Clock
  readonly #lingerMs: number
  readonly #machine: FileServerMachine
  readonly #ready = deferred()
  readonly #gone = deferred()
  readonly #answers = new Map<number, Deferred<Answer>>()
  readonly #waitForRoom = new Set<Deferred<void>>()
  #download: Download | undefined
  /** Why it ended. */
  #error: MessengerError | undefined
  #writable = true
  #held = false
  #pumping = false
  #streamClosed = false
  /** Until when the server may end its side after our orderly end, or the network confirm a cut. */
  #lingerUntilMs = Number.POSITIVE_INFINITY
  #cancelTimer: (() => void) | undefined
  #timerMs = Number.POSITIVE_INFINITY

  constructor(stream: ByteStream, { signer, clock, timers, mayBeSigned }: FileServerConnectionOptions) {
    this.#stream = stream
    this.#signer = signer
    this.#clock = clock
    this.#lingerMs = timers.lingerMs
    this.#machine = new FileServerMachine({ publicKey: signer.publicKey, timers, mayBeSigned }, clock.nowMs())
    stream.start({
      data: (chunk) => {
        this.#machine.receive(chunk)
        this.#pump()
      },
      end: () => {
        this.#machine.endOfStream()
        this.#pump()
      },
      drain: () => {
        this.#writable = true
        this.#pump()
      },
      closed: (cause) => {
        this.#streamClosed = true
        const why = cause === undefined ? '' : `: ${cause.message}`
        this.abort(new MessengerError('unreachable', `the connection to the file server ended${why}`, { cause }))
        this.#cancelTimer?.()
        this.#gone.resolve()
      },
    })
    this.#pump()
  }

  /** Resolves when we are logged in, rejects when that failed. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Resolves when nothing of it is left. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  get isOpen(): boolean {
    return !this.#machine.isClosed
  }

  /** A transfer begins, or ends: meanwhile the connection is not idle. */
  use(inUse: boolean): void {
    this.#machine.use(inUse, this.#clock.nowMs())
    this.#pump()
  }

  /** Resolves when a request may be made; rejects when the connection ended. */
  async room(): Promise<void> {
    while (!this.#hasRoom) {
      if (this.#error !== undefined) throw this.#error
      const waiting = deferred()
      this.#waitForRoom.add(waiting)
      await waiting.promise
    }
  }

  /** Hand in a chunk, after {@link room}. Resolves when the server took it, or with what it said instead. */
  async upload(request: UploadRequest): Promise<string | undefined> {
    const answer = await this.#ask((nowMs) => this.#machine.upload(request, nowMs))
    return answer.type === 'refused' ? answer.text : undefined
  }

  /** Ask about a file, after {@link room}; `undefined` when the server does not have it. */
  async info(fileHash: Uint8Array): Promise<FileInfo | undefined> {
    const answer = await this.#ask((nowMs) => this.#machine.info(fileHash, nowMs))
    if (answer.type === 'info') return { sizeBytes: answer.sizeBytes, guid: answer.guid }
    if (answer.type === 'refused' && answer.text !== NOT_THERE) throw refusal('to say what it has', answer.text)
    return undefined
  }

  /** Fetch a file, after {@link room}. What `write` throws ends the connection, and is what this rejects with. */
  async download(from: DownloadFrom, write: WriteDownload): Promise<void> {
    const done = deferred()
    // First, so that the answer of a connection that has ended already is its error.
    this.#download = { done, write }
    const refused = this.#ask((nowMs) => this.#machine.download(from, nowMs)).then((answer) => {
      throw refusal('the download', answer.type === 'refused' ? answer.text : answer.type)
    })
    try {
      await Promise.race([done.promise, refused])
    } finally {
      this.#download = undefined
    }
  }

  /** Cut it. Everything that waits rejects with `error`. */
  abort(error: MessengerError): void {
    this.#machine.close(error)
    this.#pump()
  }

  get #hasRoom(): boolean {
    return this.#writable && this.#machine.window > 0
  }

  #ask(send: (nowMs: number) => number): Promise<Answer> {
    const answer = deferred<Answer>()
    if (this.#error === undefined) this.#answers.set(send(this.#clock.nowMs()), answer)
    else answer.reject(this.#error)
    this.#pump()
    return answer.promise
  }

  /** Do what is due, tell what happened, write what is to be written. Commands given meanwhile are part of it. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    const nowMs = this.#clock.nowMs()
    this.#machine.tick(nowMs)
    while (!this.#held || this.#machine.isClosed) {
      const event = this.#machine.next(nowMs)
      if (event === undefined) break
      this.#tell(event)
    }
    this.#pumping = false
    this.#write()
    if (this.#hasRoom) this.#settleRoom((waiting) => waiting.resolve())
    this.#schedule()
  }

  #write(): void {
    const outgoing = this.#machine.takeOutgoing()
    if (outgoing.length > 0 && !this.#streamClosed) this.#writable = this.#stream.writeAll(outgoing)
  }

  #settleRoom(settle: (waiting: Deferred<void>) => void): void {
    const all = [...this.#waitForRoom]
    this.#waitForRoom.clear()
    for (const waiting of all) settle(waiting)
  }

  #tell(event: FileServerEvent): void {
    switch (event.type) {
      case 'sign':
        void this.#sign(event.nonce)
        return
      case 'ready':
        this.#ready.resolve()
        return
      case 'data':
        this.#receiveData(event)
        return
      case 'closed':
        this.#close(event.error)
        return
      default:
        this.#answers.get(event.requestId)?.resolve(event)
        this.#answers.delete(event.requestId)
    }
  }

  /** A signer is somebody else's code, and may be far away. */
  async #sign(nonce: Uint8Array): Promise<void> {
    try {
      const signature = await this.#signer.sign(nonce)
      this.#machine.signed(signature, this.#clock.nowMs())
      this.#pump()
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      this.abort(new MessengerError('unreachable', `no login at the file server: the signer failed: ${why}`, { cause }))
    }
  }

  #receiveData({ requestId, bytes, sizeBytes, last }: Extract<FileServerEvent, { type: 'data' }>): void {
    const download = this.#download
    if (download === undefined) return
    const written = (): void => {
      if (last) {
        this.#answers.delete(requestId)
        download.done.resolve()
      }
    }
    const failed = (error: unknown): void => {
      download.done.reject(error instanceof Error ? error : new Error(String(error), { cause: error }))
      this.abort(new MessengerError('aborted', 'the download was given up'))
    }
    let writing: void | Promise<void>
    try {
      writing = download.write(bytes, sizeBytes)
    } catch (error) {
      failed(error)
      return
    }
    if (writing instanceof Promise) {
      this.#hold(true)
      void writing.then(written, failed).finally(() => this.#hold(false))
    } else {
      written()
    }
  }

  #hold(held: boolean): void {
    if (this.#held === held || this.#streamClosed) return
    this.#held = held
    if (held) {
      this.#machine.hold()
      this.#stream.pause()
    } else {
      this.#machine.release(this.#clock.nowMs())
      this.#stream.resume()
      this.#pump()
    }
  }

  #close(error: MessengerError | undefined): void {
    this.#error = error ?? new MessengerError('unreachable', 'the connection to the file server was idle and is closed')
    this.#ready.reject(this.#error)
    for (const answer of this.#answers.values()) answer.reject(this.#error)
    this.#answers.clear()
    this.#download?.done.reject(this.#error)
    const reason = this.#error
    this.#settleRoom((waiting) => waiting.reject(reason))
    if (this.#streamClosed) return
    this.#lingerUntilMs = this.#clock.nowMs() + this.#lingerMs
    if (error === undefined) this.#stream.end()
    else this.#stream.abort(error)
  }

  #schedule(): void {
    if (this.#streamClosed) return
    const dueMs = this.#machine.isClosed ? this.#lingerUntilMs : this.#machine.nextDeadlineMs
    if (dueMs === this.#timerMs) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#timerMs = dueMs
    if (dueMs === Number.POSITIVE_INFINITY) return
    this.#cancelTimer = this.#clock.schedule(
      () => {
        this.#timerMs = Number.POSITIVE_INFINITY
        if (this.#machine.isClosed) this.#stream.abort()
        else this.#pump()
      },
      Math.max(0, dueMs - this.#clock.nowMs()),
    )
  }
}
