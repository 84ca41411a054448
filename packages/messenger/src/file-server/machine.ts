import { isWireError } from '@mimirjs/wire'
import {
  authRequest,
  decodeFilesError,
  downloadRequest,
  encodeFilesInit,
  encodeFilesMessage,
  FilesCommand,
  type FilesResponse,
  FilesResponseReader,
  FilesStatus,
  fileInfoRequest,
  fileInfoResponse,
  getNonceRequest,
  getNonceResponse,
  type UploadRequest,
  uploadRequest,
} from '@mimirjs/wire/files'
import { MessengerError } from '../error.js'
import { type FilePart, IncomingFile } from './incoming-file.js'
import { refusal } from './server-text.js'
import type { FileServerTimers } from './timers.js'
import { toSize, Violation } from './violation.js'

// One connection to a file server without stream, timers and signer: commands, bytes and the time go in; bytes to send,
// events and the next deadline come out. A server answers one request after the other, so there is always exactly one
// request that the next frame has to belong to. Source: current protocol §15.

export type FileServerEvent =
  /** Sign these 32 bytes and hand the signature to {@link FileServerMachine.signed}. */
  | { readonly type: 'sign'; readonly nonce: Uint8Array }
  /** We are logged in. */
  | { readonly type: 'ready' }
  /** A chunk was taken. */
  | { readonly type: 'accepted'; readonly requestId: number }
  | { readonly type: 'info'; readonly requestId: number; readonly sizeBytes: number; readonly guid: bigint }
  /** The next bytes of a download; they are yours. */
  | ({ readonly type: 'data'; readonly requestId: number } & FilePart)
  /** The server said no to one request; the connection goes on. `text` is as it came. */
  | { readonly type: 'refused'; readonly requestId: number; readonly text: string }
  /** Once, and last. Without an error: nobody needed it any more, and the stream is to be ended in order. */
  | { readonly type: 'closed'; readonly error: MessengerError | undefined }

export interface FileServerMachineOptions {
  /** The identity that logs in, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly timers: FileServerTimers
  /** Whether our identity may sign this nonce; if not, another one is asked for. */
  mayBeSigned(nonce: Uint8Array): boolean
}

export interface DownloadFrom {
  readonly fileHash: Uint8Array
  readonly offsetBytes: number
  /** Size of the whole file, where it is known: a server that says another one is not believed. */
  readonly sizeBytes: number | undefined
}

interface Pending {
  readonly id: number
  readonly kind: 'nonce' | 'auth' | 'upload' | 'info' | 'download'
  /** Of a download, which has many answers. */
  readonly file: IncomingFile | undefined
}

/** Chunks of an upload without an answer: enough to keep the line busy, and no more than 256 KiB to hold. */
const MAX_IN_FLIGHT = 4
/** As the originals; 0 and 1 are never used. */
const FIRST_REQUEST_ID = 2
const MAX_REQUEST_ID = 0xffff
/** Nonces asked for in one login: every second one may be a value that we do not sign, and others take ours away. */
const MAX_NONCES = 32
/** Somebody else who logs in as us at the same moment gets the nonce that is valid (§15.3). */
const NONCE_TAKEN: ReadonlySet<string> = new Set(['nonce mismatch', 'unknown nonce'])

export class FileServerMachine {
  readonly #options: FileServerMachineOptions
  readonly #reader = new FilesResponseReader()
  /** In the order of their answers. */
  #pending: Pending[] = []
  readonly #events: FileServerEvent[] = []
  #outgoing: Uint8Array[] = []
  #state: 'login' | 'ready' | 'closed' = 'login'
  /** At the signer. */
  #nonce: Uint8Array | undefined
  #nonces = 0
  #nextId = FIRST_REQUEST_ID
  /** Since when we wait for whatever is awaited now. */
  #sinceMs: number
  #held = false
  #inUse = false
  #ended = false

  /** @param nowMs - ms on any clock that only goes forward */
  constructor(options: FileServerMachineOptions, nowMs: number) {
    this.#options = options
    this.#sinceMs = nowMs
    this.#outgoing.push(encodeFilesInit())
    this.#askForNonce(nowMs)
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  /** How many more requests may be made now. */
  get window(): number {
    if (this.#state !== 'ready' || this.#pending.some(({ kind }) => kind === 'download')) return 0
    return MAX_IN_FLIGHT - this.#pending.length
  }

  /** Bytes held that are no whole frame yet. */
  get bufferedBytes(): number {
    return this.#reader.bufferedBytes
  }

  /** Hand in one chunk; `accepted` or `refused` follows, under the id returned. Needs a {@link window}. */
  upload(request: UploadRequest, nowMs: number): number {
    const frame = encodeFilesMessage(FilesCommand.upload, this.#nextId, uploadRequest, request)
    return this.#send('upload', frame, nowMs)
  }

  /** Ask what the server knows of a file; `info` or `refused` follows. Needs a {@link window}. */
  info(fileHash: Uint8Array, nowMs: number): number {
    const frame = encodeFilesMessage(FilesCommand.fileInfo, this.#nextId, fileInfoRequest, { fileHash })
    return this.#send('info', frame, nowMs)
  }

  /** Ask for a file from an offset to its end; `data` or `refused` follows. Needs a {@link window}, and takes all of it. */
  download({ fileHash, offsetBytes, sizeBytes }: DownloadFrom, nowMs: number): number {
    const request = { fileHash, offsetBytes: BigInt(offsetBytes) }
    const frame = encodeFilesMessage(FilesCommand.download, this.#nextId, downloadRequest, request)
    return this.#send('download', frame, nowMs, new IncomingFile(offsetBytes, sizeBytes))
  }

  /** The signature that `sign` asked for. @throws {WireError} `length` when it is none */
  signed(signature: Uint8Array, nowMs: number): void {
    const nonce = this.#nonce
    if (nonce === undefined || this.#state !== 'login') return
    const { publicKey } = this.#options
    const frame = encodeFilesMessage(FilesCommand.auth, this.#nextId, authRequest, { publicKey, nonce, signature })
    this.#nonce = undefined
    this.#send('auth', frame, nowMs)
  }

  /** Bytes of the server; they are copied. */
  receive(chunk: Uint8Array): void {
    if (this.#state !== 'closed') this.#reader.push(chunk)
  }

  /** The server ended its side. */
  endOfStream(): void {
    this.#ended = true
  }

  /** What happened next. One frame at a time is looked at, so that whoever stops asking stops the stream. */
  next(nowMs: number): FileServerEvent | undefined {
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined || this.#state === 'closed') return event
      try {
        const response = this.#reader.next()
        if (response !== undefined) this.#answer(response, nowMs)
        else if (!this.#ended) return undefined
        else this.close(new MessengerError('unreachable', 'the file server ended the connection'))
      } catch (error) {
        if (!(error instanceof Violation) && !isWireError(error)) throw error
        this.close(new MessengerError('file-server', `the file server broke the protocol: ${error.message}`))
      }
    }
  }

  /** We do not take any more bytes for a while: until {@link release} the silence is ours. */
  hold(): void {
    this.#held = true
  }

  release(nowMs: number): void {
    this.#held = false
    this.#sinceMs = nowMs
  }

  /** Somebody works with the connection, though nothing may be under way. */
  use(inUse: boolean, nowMs: number): void {
    this.#inUse = inUse
    if (this.#pending.length === 0) this.#sinceMs = nowMs
  }

  /** When {@link tick} next has work; `Infinity` while nothing is awaited. */
  get nextDeadlineMs(): number {
    if (this.#state === 'closed' || this.#held) return Number.POSITIVE_INFINITY
    const { requestMs, chunkMs, idleMs } = this.#options.timers
    const first = this.#pending[0]
    if (first !== undefined) {
      return this.#sinceMs + (first.kind === 'upload' || first.kind === 'download' ? chunkMs : requestMs)
    }
    if (this.#state === 'login') return this.#sinceMs + requestMs
    return this.#inUse ? Number.POSITIVE_INFINITY : this.#sinceMs + idleMs
  }

  tick(nowMs: number): void {
    if (nowMs < this.nextDeadlineMs) return
    const [first] = this.#pending
    if (first === undefined && this.#state === 'ready') {
      this.close()
      return
    }
    const missing = first === undefined ? 'signature of our own signer' : `answer of the file server (${first.kind})`
    this.close(new MessengerError('unreachable', `no ${missing} within ${nowMs - this.#sinceMs} ms`))
  }

  takeOutgoing(): Uint8Array[] {
    const outgoing = this.#outgoing
    if (outgoing.length > 0) this.#outgoing = []
    return outgoing
  }

  /** Nothing more is sent, read or due; `closed` follows. */
  close(error?: MessengerError): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#pending = []
    this.#outgoing = []
    this.#events.push({ type: 'closed', error })
  }

  #send(kind: Pending['kind'], frame: Uint8Array, nowMs: number, file?: IncomingFile): number {
    const id = this.#nextId
    this.#nextId = this.#nextId === MAX_REQUEST_ID ? FIRST_REQUEST_ID : this.#nextId + 1
    if (this.#pending.length === 0) this.#sinceMs = nowMs
    this.#pending.push({ id, kind, file })
    this.#outgoing.push(frame)
    return id
  }

  #askForNonce(nowMs: number): void {
    const { publicKey } = this.#options
    if (++this.#nonces > MAX_NONCES) {
      this.close(new MessengerError('unreachable', `no login at the file server with ${MAX_NONCES} nonces`))
      return
    }
    this.#send('nonce', encodeFilesMessage(FilesCommand.getNonce, this.#nextId, getNonceRequest, { publicKey }), nowMs)
  }

  /** @throws {WireError} or a Violation */
  #answer({ status, requestId, payload }: FilesResponse, nowMs: number): void {
    const [first] = this.#pending
    if (first === undefined || first.id !== requestId) {
      throw new Violation(`an answer to request ${requestId}, expected ${first === undefined ? 'none' : first.id}`)
    }
    this.#sinceMs = nowMs
    if (status === FilesStatus.ok) {
      this.#granted(first, payload, nowMs)
    } else {
      this.#pending.shift()
      this.#refused(first, decodeFilesError(payload), nowMs)
    }
  }

  /** @throws {WireError} or a Violation */
  #granted(first: Pending, payload: Uint8Array, nowMs: number): void {
    const part = first.file?.take(payload)
    if (part === undefined || part.last) this.#pending.shift()
    switch (first.kind) {
      case 'download':
        if (part !== undefined) this.#events.push({ type: 'data', requestId: first.id, ...part })
        return
      case 'nonce':
        this.#receiveNonce(getNonceResponse.decode(payload).nonce, nowMs)
        return
      case 'auth':
        this.#state = 'ready'
        this.#events.push({ type: 'ready' })
        return
      case 'upload':
        this.#events.push({ type: 'accepted', requestId: first.id })
        return
      case 'info': {
        const { totalBytes, guid } = fileInfoResponse.decode(payload)
        this.#events.push({ type: 'info', requestId: first.id, sizeBytes: toSize(totalBytes), guid })
      }
    }
  }

  #refused({ kind, id }: Pending, text: string, nowMs: number): void {
    if (kind === 'auth' && NONCE_TAKEN.has(text)) this.#askForNonce(nowMs)
    else if (kind === 'auth' || kind === 'nonce') this.close(refusal('the login', text))
    else this.#events.push({ type: 'refused', requestId: id, text })
  }

  #receiveNonce(nonce: Uint8Array, nowMs: number): void {
    if (this.#options.mayBeSigned(nonce)) {
      this.#nonce = nonce
      this.#events.push({ type: 'sign', nonce: nonce.slice() })
    } else {
      this.#askForNonce(nowMs)
    }
  }
}
