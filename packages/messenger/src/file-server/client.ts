import { randomBytes, type Signer } from '@mimirjs/crypto'
import { type ByteStream, type Clock, isTransportError, type Logger } from '@mimirjs/transport'
import { isMessengerError, MessengerError } from '../error.js'
import { type FileInfo, FileServerConnection } from './connection.js'
import { deferred } from './deferred.js'
import { DownloadJob } from './download-job.js'
import { InfoJob } from './info-job.js'
import type { FileServerJob } from './job.js'
import { Scope } from './scope.js'
import { DEFAULT_FILE_SERVER_TIMERS, type FileServerTimers } from './timers.js'
import { type UploadFile, UploadJob } from './upload-job.js'

export interface FileServerClientOptions {
  /** Opens a stream to the server; should give up when the signal aborts. */
  dial(signal: AbortSignal): Promise<ByteStream>
  /** The identity that logs in. It signs the 32 bytes that the server gives, and nothing else. */
  readonly signer: Signer
  readonly clock: Clock
  readonly logger?: Logger
  readonly timers?: Partial<FileServerTimers>
  /**
   * Refuses to sign a nonce that means something elsewhere; the server is then asked for another one. Honest nonces are
   * random, so that half of them are curve points: `isPoint` costs a second question, and keeps a hostile server from
   * having a node key signed. Our own key and that of the server are always refused.
   */
  refuseNonce?(nonce: Uint8Array): boolean
  /** Unpredictable bytes, for the pauses. Default those of the system. */
  random?(byteLength: number): Uint8Array
}

export interface UploadOptions {
  readonly signal?: AbortSignal
  /** Bytes that the server took. They never go back: after a break they stand until the repetition is past them. */
  onProgress?(doneBytes: number): void
}

export interface DownloadFileOptions {
  /** Where to begin, in bytes: what is there already. */
  readonly offset: number
  /** Size of the whole file, where it is known: a server with another one is refused before its first byte. */
  readonly sizeBytes?: number
  /**
   * Takes the next bytes; they are yours. A promise holds the stream back until it settles. What it throws ends the
   * download, and is what the download rejects with.
   */
  write(bytes: Uint8Array): void | Promise<void>
  readonly signal?: AbortSignal
}

/** Attempts in a row that get no further. */
const MAX_ATTEMPTS = 5
/** Calls at one time, the one that runs among them. */
const MAX_CALLS = 64
const HASH_BYTES = 32

/**
 * A client of one file server. It connects when there is something to do, logs in, does one transfer after the other in
 * the order of the calls, and leaves when it was idle. A connection that breaks is made again, with growing pauses:
 * uploads then start at 0, downloads go on where they are; five attempts in a row that get no further are enough.
 *
 * Every call rejects with a {@link MessengerError}: `file-server` (the server refused, or broke the protocol),
 * `unreachable`, `aborted`, `closed`; with what `open`, `write` or `onProgress` threw; or with a RangeError.
 */
export class FileServerClient {
  readonly #options: FileServerClientOptions
  readonly #timers: FileServerTimers
  readonly #calls = new Set<Scope>()
  /** Those that have not had their turn yet. */
  readonly #waiting = new Set<Scope>()
  /** Resolves when all calls so far are over. */
  #last: Promise<void> = Promise.resolve()
  #connection: FileServerConnection | undefined
  /** With those that are on their way out. */
  readonly #connections = new Set<FileServerConnection>()
  #closing: Promise<void> | undefined

  constructor(options: FileServerClientOptions) {
    this.#options = options
    this.#timers = { ...DEFAULT_FILE_SERVER_TIMERS, ...options.timers }
  }

  /** The bytes of `hash` are on the server when it resolves; a server that has them already is not sent them again. */
  async upload(file: UploadFile, { signal, onProgress }: UploadOptions = {}): Promise<void> {
    requireHash(file.hash)
    requireSize(file.sizeBytes, 1, 'sizeBytes')
    if (BigInt.asIntN(64, file.guid) !== file.guid) throw new RangeError(`guid: expected 64 bits, got ${file.guid}`)
    return this.#run(new UploadJob(file, onProgress), signal)
  }

  /** The bytes from `offset` to the end, in order. Whether they are those of `hash` is for the caller to see. */
  async download(hash: Uint8Array, options: DownloadFileOptions): Promise<{ sizeBytes: number }> {
    const { offset, sizeBytes, write, signal } = options
    requireHash(hash)
    requireSize(offset, 0, 'offset')
    if (sizeBytes !== undefined) requireSize(sizeBytes, Math.max(1, offset), 'sizeBytes')
    return this.#run(new DownloadJob(hash, offset, sizeBytes, write), signal)
  }

  /** What the server says about a file; `undefined` when it does not have it. */
  async info(hash: Uint8Array, { signal }: { readonly signal?: AbortSignal } = {}): Promise<FileInfo | undefined> {
    requireHash(hash)
    return this.#run(new InfoJob(hash), signal)
  }

  /** Cut everything; what runs or waits rejects with `closed`. Resolves when nothing is left. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const closed = new MessengerError('closed', 'the client of the file server is closed')
    for (const call of this.#calls) call.end(closed)
    for (const connection of this.#connections) connection.abort(closed)
    await this.#last
    await Promise.all([...this.#connections].map(({ gone }) => gone))
  }

  async #run<T>(job: FileServerJob<T>, signal: AbortSignal | undefined): Promise<T> {
    if (this.#closing !== undefined) throw new MessengerError('closed', 'the client of the file server is closed')
    if (this.#calls.size >= MAX_CALLS) {
      throw new MessengerError('unreachable', `${MAX_CALLS} transfers wait for this file server already`)
    }
    const call = new Scope(job.doing, signal)
    if (signal?.aborted) call.end(new MessengerError('aborted', `${job.doing}: aborted`, { cause: signal.reason }))
    const [before, over] = [this.#last, deferred()]
    this.#last = over.promise
    this.#calls.add(call)
    this.#waiting.add(call)
    try {
      await call.wait(before)
      this.#waiting.delete(call)
      return await this.#try(job, call)
    } finally {
      this.#waiting.delete(call)
      this.#calls.delete(call)
      call.release()
      void before.then(() => over.resolve())
    }
  }

  async #try<T>(job: FileServerJob<T>, call: Scope): Promise<T> {
    let progressBytes = job.progressBytes
    for (let failures = 0; ; ) {
      let connected = false
      try {
        const connection = await this.#connect(call)
        connected = true
        return await use(connection, job, call)
      } catch (error) {
        if (call.reason !== undefined) throw call.reason
        if (!isTransient(error)) throw error
        failures = job.progressBytes > progressBytes ? 0 : failures + 1
        progressBytes = Math.max(progressBytes, job.progressBytes)
        if (failures === MAX_ATTEMPTS) throw this.#giveUp(job, error, connected)
        this.#options.logger?.debug({ err: error, failures }, `${job.doing}: the file server is tried again`)
      }
      await this.#pause(failures, call)
    }
  }

  /** Who waits for a server that cannot be reached need not find that out again, one after the other. */
  #giveUp(job: FileServerJob<unknown>, cause: MessengerError, connected: boolean): MessengerError {
    const message = `${job.doing}: given up after ${MAX_ATTEMPTS} attempts without progress: ${cause.message}`
    const error = new MessengerError('unreachable', message, { cause })
    if (!connected) for (const call of this.#waiting) call.end(error)
    return error
  }

  async #connect(call: Scope): Promise<FileServerConnection> {
    if (this.#connection?.isOpen !== true) this.#connection = this.#attach(await this.#open(call))
    const connection = this.#connection
    await call.wait(connection.ready)
    return connection
  }

  #attach(stream: ByteStream): FileServerConnection {
    const { signer, clock } = this.#options
    const keys = [signer.publicKey, stream.remotePublicKey]
    const mayBeSigned = (nonce: Uint8Array): boolean =>
      !keys.some((key) => key !== undefined && sameBytes(key, nonce)) && !this.#refusesNonce(nonce)
    const connection = new FileServerConnection(stream, { signer, clock, timers: this.#timers, mayBeSigned })
    this.#connections.add(connection)
    void connection.gone.then(() => this.#connections.delete(connection))
    return connection
  }

  #refusesNonce(nonce: Uint8Array): boolean {
    try {
      return this.#options.refuseNonce?.(nonce) === true
    } catch (error) {
      this.#options.logger?.warn({ err: error }, 'refuseNonce threw: the nonce is not signed')
      return true
    }
  }

  async #open(call: Scope): Promise<ByteStream> {
    const controller = new AbortController()
    const late = deferred<never>()
    const { dialMs } = this.#timers
    const cancel = this.#options.clock.schedule(() => late.reject(new Error(`no answer within ${dialMs} ms`)), dialMs)
    const dialled = dial(this.#options, controller.signal)
    try {
      return await call.wait(Promise.race([dialled, late.promise]))
    } catch (cause) {
      controller.abort()
      dialled.then(
        (stream) => stream.abort(),
        () => {},
      )
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new MessengerError('unreachable', `the file server cannot be reached: ${why}`, { cause })
    } finally {
      cancel()
    }
  }

  async #pause(failures: number, call: Scope): Promise<void> {
    const { retryMs, maxRetryMs } = this.#timers
    const baseMs = Math.min(maxRetryMs, retryMs * 2 ** Math.max(0, failures - 1))
    const [chance = 0] = (this.#options.random ?? randomBytes)(1)
    const over = deferred()
    const cancel = this.#options.clock.schedule(over.resolve, Math.round(baseMs * (0.8 + (0.4 * chance) / 255)))
    try {
      await call.wait(over.promise)
    } finally {
      cancel()
    }
  }
}

/** Also when `dial` throws instead of rejecting. */
async function dial(options: FileServerClientOptions, signal: AbortSignal): Promise<ByteStream> {
  return options.dial(signal)
}

async function use<T>(connection: FileServerConnection, job: FileServerJob<T>, call: Scope): Promise<T> {
  connection.use(true)
  try {
    return await job.attempt(connection, call)
  } finally {
    connection.use(false)
  }
}

/** Whether another attempt may end better. A dial that we got wrong will be wrong again. */
function isTransient(error: unknown): error is MessengerError {
  if (!isMessengerError(error) || error.code !== 'unreachable') return false
  const { cause } = error
  return !isTransportError(cause) || cause.blame !== 'local' || cause.code === 'aborted'
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

function requireHash(hash: Uint8Array): void {
  if (hash.length !== HASH_BYTES) throw new RangeError(`a hash has ${HASH_BYTES} bytes, got ${hash.length}`)
}

function requireSize(sizeBytes: number, min: number, name: string): void {
  if (Number.isSafeInteger(sizeBytes) && sizeBytes >= min) return
  throw new RangeError(`${name}: expected a whole number of at least ${min}, got ${sizeBytes}`)
}
