import { isPoint, verify } from '@mimirjs/crypto'
import { isWireError, toHex } from '@mimirjs/wire'
import {
  authRequest,
  downloadRequest,
  downloadResponse,
  encodeFilesError,
  encodeFilesMessage,
  encodeFilesResponse,
  FilesCommand,
  type FilesRequest,
  FilesRequestReader,
  FilesStatus,
  fileInfoRequest,
  fileInfoResponse,
  getNonceRequest,
  getNonceResponse,
  MAX_DOWNLOAD_CHUNK_BYTES,
  uploadRequest,
} from '@mimirjs/wire/files'
import { Refusal, readMessage } from './refusal.js'
import type { FileServerState } from './state.js'
import { type Step, type StepResult, type Steps, succeed } from './steps.js'
import { Uploads } from './uploads.js'

// One connection of a file server without stream, disk and clock. Bytes and the time go in; steps come out, one at a
// time: something to answer, or something to do on disk, whose result goes in before the next one is asked for. So the
// requests of a connection are handled strictly one after the other. Source: current protocol §15.

const NONCE_BYTES = 32
const DONE: StepResult = {}

export class FileServerSession {
  readonly #state: FileServerState
  readonly #reader = new FilesRequestReader()
  readonly #uploads: Uploads
  /** The request, or the sweep, that is being worked on. */
  #work: Steps | undefined
  /** Hex of the identity that logged in. */
  #user: string | undefined
  #sweepDue = false
  #ended = false
  #over = false

  /** @param id - tells this connection apart from all others of the server */
  constructor(state: FileServerState, id: number) {
    this.#state = state
    this.#uploads = new Uploads(state, id)
  }

  /** Bytes held that have not been handled. */
  get bufferedBytes(): number {
    return this.#reader.bufferedBytes
  }

  /** Bytes of the client; they are copied. */
  receive(chunk: Uint8Array): void {
    if (!this.#over) this.#reader.push(chunk)
  }

  /** The client ended its side: what came before is still handled. */
  endOfStream(): void {
    this.#ended = true
  }

  /** Between two requests, drop what has waited too long for its next chunk. */
  sweep(): void {
    this.#sweepDue = true
  }

  /**
   * What to do next; `undefined` until more bytes come.
   * @param result - what came of the step before, if it was one on disk
   */
  next(nowMs: number, result: StepResult = DONE): Step | undefined {
    for (let given = result; ; given = DONE) {
      const step = this.#work?.next(given)
      if (step !== undefined && step.done !== true) return step.value
      this.#work = this.#begin(nowMs)
      if (this.#work === undefined) return undefined
    }
  }

  /** The connection is gone. @returns names of the temporary files that it leaves */
  abandon(): string[] {
    this.#over = true
    this.#work = undefined
    return this.#uploads.abandon()
  }

  #begin(nowMs: number): Steps | undefined {
    if (this.#over) return undefined
    if (this.#sweepDue) {
      this.#sweepDue = false
      return this.#uploads.dropStale(nowMs)
    }
    try {
      const request = this.#reader.next()
      if (request !== undefined) return this.#handle(request, nowMs)
    } catch (error) {
      if (!isWireError(error)) throw error
      return this.#end()
    }
    return this.#ended ? this.#end() : undefined
  }

  *#end(): Steps {
    this.#over = true
    yield { type: 'end' }
  }

  *#handle({ command, requestId, payload }: FilesRequest, nowMs: number): Steps {
    try {
      yield* this.#command(command, requestId, payload, nowMs)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      yield answer(
        encodeFilesResponse({ status: FilesStatus.error, requestId, payload: encodeFilesError(error.message) }),
      )
    }
  }

  #command(command: number, requestId: number, payload: Uint8Array, nowMs: number): Steps {
    switch (command) {
      case FilesCommand.getNonce:
        return this.#giveNonce(requestId, payload, nowMs)
      case FilesCommand.auth:
        return this.#login(requestId, payload)
      case FilesCommand.ping:
        return ok(requestId)
      case FilesCommand.upload:
        return this.#upload(requestId, payload, nowMs)
      case FilesCommand.download:
        return this.#download(requestId, payload)
      case FilesCommand.fileInfo:
        return this.#info(requestId, payload)
      default:
        throw new Refusal('unknown cmd')
    }
  }

  *#giveNonce(requestId: number, payload: Uint8Array, nowMs: number): Steps {
    const { publicKey } = readMessage(getNonceRequest, payload)
    const nonce = this.#state.random(NONCE_BYTES)
    this.#state.nonces.put(toHex(publicKey), nonce, nowMs)
    yield answer(encodeFilesMessage(FilesStatus.ok, requestId, getNonceResponse, { nonce }))
  }

  *#login(requestId: number, payload: Uint8Array): Steps {
    const { publicKey, nonce, signature } = readMessage(authRequest, payload)
    const key = toHex(publicKey)
    const { nonces } = this.#state
    const issued = nonces.get(key)
    if (issued === undefined) throw new Refusal('unknown nonce')
    if (toHex(issued) !== toHex(nonce)) throw new Refusal('nonce mismatch')
    if (!isPoint(publicKey)) throw new Refusal('invalid pubkey')
    if (!verify(signature, nonce, publicKey)) throw new Refusal('invalid signature')
    nonces.delete(key)
    this.#user = key
    yield* ok(requestId)
  }

  *#upload(requestId: number, payload: Uint8Array, nowMs: number): Steps {
    const user = this.#requireUser()
    yield* this.#uploads.take(user, readMessage(uploadRequest, payload), nowMs)
    yield* ok(requestId)
  }

  *#info(requestId: number, payload: Uint8Array): Steps {
    this.#requireUser()
    const file = this.#state.index.get(toHex(readMessage(fileInfoRequest, payload).fileHash))
    if (file === undefined) throw new Refusal('file not found')
    const info = { totalBytes: BigInt(file.sizeBytes), guid: file.guid }
    yield answer(encodeFilesMessage(FilesStatus.ok, requestId, fileInfoResponse, info))
  }

  *#download(requestId: number, payload: Uint8Array): Steps {
    this.#requireUser()
    const { fileHash, offsetBytes, limitBytes } = readMessage(downloadRequest, payload)
    const hash = toHex(fileHash)
    const sizeBytes = this.#state.index.get(hash)?.sizeBytes
    if (sizeBytes === undefined) throw new Refusal('file not found')
    if (offsetBytes >= sizeBytes) throw new Refusal('offset beyond file end')
    const opened = yield { type: 'open', hash }
    if (opened.failure !== undefined) throw new Refusal('file not found on disk')
    try {
      const from = Number(offsetBytes)
      const to = limitBytes === undefined ? sizeBytes : Math.min(sizeBytes, from + limitBytes)
      yield* sendFile(requestId, from, to, BigInt(sizeBytes))
    } finally {
      yield { type: 'shut' }
    }
  }

  #requireUser(): string {
    if (this.#user === undefined) throw new Refusal('not authenticated')
    return this.#user
  }
}

function* sendFile(requestId: number, from: number, to: number, totalBytes: bigint): Steps {
  for (let at = from; at < to; ) {
    const sizeBytes = Math.min(MAX_DOWNLOAD_CHUNK_BYTES, to - at)
    const { bytes: chunk } = succeed('read error', yield { type: 'read', offsetBytes: at, sizeBytes })
    if (chunk?.length !== sizeBytes) throw new Refusal('read error: the file is shorter than it was')
    const part = { chunk, totalBytes, offsetBytes: BigInt(at) }
    yield answer(encodeFilesMessage(FilesStatus.ok, requestId, downloadResponse, part))
    at += sizeBytes
  }
}

function* ok(requestId: number): Steps {
  yield answer(encodeFilesResponse({ status: FilesStatus.ok, requestId, payload: new Uint8Array(0) }))
}

function answer(frame: Uint8Array): Step {
  return { type: 'answer', frame }
}
