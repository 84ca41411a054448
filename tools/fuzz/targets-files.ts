import { isDeepStrictEqual } from 'node:util'
import { createSha256, createSigner } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import {
  authRequest,
  decodeFilesRequest,
  decodeFilesResponse,
  downloadRequest,
  downloadResponse,
  encodeFilesError,
  encodeFilesInit,
  encodeFilesMessage,
  encodeFilesRequest,
  encodeFilesResponse,
  FilesCommand,
  FilesStatus,
  fileInfoRequest,
  fileInfoResponse,
  getNonceRequest,
  getNonceResponse,
  uploadRequest,
} from '@mimirjs/wire/files'
import { type FileServerEvent, FileServerMachine } from '../../packages/messenger/src/file-server/machine.js'
import { DEFAULT_FILE_SERVER_TIMERS } from '../../packages/messenger/src/file-server/timers.js'
import { FileIndex } from '../../packages/messenger/src/testing/file-server/file-index.js'
import { DEFAULT_LIMITS, DEFAULT_SPANS } from '../../packages/messenger/src/testing/file-server/limits.js'
import { Nonces } from '../../packages/messenger/src/testing/file-server/nonces.js'
import { FileServerSession } from '../../packages/messenger/src/testing/file-server/session.js'
import type { Step, StepResult } from '../../packages/messenger/src/testing/file-server/steps.js'
import { cut } from './cut.js'
import type { Random } from './random.js'
import { Broken, type FuzzTarget } from './target.js'

const NONCE = new Uint8Array(32).fill(9)
const signer = createSigner(new Uint8Array(32).fill(1))
const bytes = Uint8Array.from({ length: 60 }, (_, at) => at)
const hash = sha256Of(bytes)

function sha256Of(...parts: readonly Uint8Array[]): Uint8Array {
  const sha256 = createSha256()
  for (const part of parts) sha256.update(part)
  return sha256.digest()
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

// The client: a server talks to it.

const nothing = new Uint8Array(0)

function ok(requestId: number): Uint8Array {
  return encodeFilesResponse({ status: FilesStatus.ok, requestId, payload: nothing })
}

function no(requestId: number, text: string): Uint8Array {
  return encodeFilesResponse({ status: FilesStatus.error, requestId, payload: encodeFilesError(text) })
}

function part(requestId: number, start: number, end: number): Uint8Array {
  const message = { chunk: bytes.subarray(start, end), totalBytes: 60n, offsetBytes: BigInt(start) }
  return encodeFilesMessage(FilesStatus.ok, requestId, downloadResponse, message)
}

const nonceOf = (requestId: number): Uint8Array =>
  encodeFilesMessage(FilesStatus.ok, requestId, getNonceResponse, { nonce: NONCE })

/** As {@link ClientRun} asks: a question, three chunks, a download, and so on. */
const SERVER_TALK: readonly Uint8Array[] = [
  concat([
    ...[nonceOf(2), ok(3)],
    encodeFilesMessage(FilesStatus.ok, 4, fileInfoResponse, { totalBytes: 60n, guid: -1n }),
    ...[
      ok(5),
      ok(6),
      no(7, 'quota exceeded'),
      part(8, 10, 30),
      part(8, 30, 59),
      part(8, 59, 60),
      no(9, 'file not found'),
    ],
  ]),
  concat([nonceOf(2), no(3, 'nonce mismatch'), nonceOf(4), no(5, 'unknown nonce'), nonceOf(6), ok(7), no(8, 'no')]),
  concat([nonceOf(2), ok(3), no(4, 'file not found'), ok(5), ok(6), ok(7), part(8, 10, 60)]),
]

/** A client that always wants something. */
class ClientRun {
  readonly events: FileServerEvent[] = []
  readonly #machine = new FileServerMachine(
    { publicKey: signer.publicKey, timers: DEFAULT_FILE_SERVER_TIMERS, mayBeSigned: () => true },
    0,
  )
  #nowMs = 0
  #wishes = 0
  #pushedBytes = 0
  #nextBytes = 0
  #opened = false

  feed(piece: Uint8Array): void {
    this.#pushedBytes += piece.length
    this.#machine.receive(piece)
    this.#settle()
  }

  advance(ms: number): void {
    this.#nowMs += ms
    this.#machine.tick(this.#nowMs)
    this.#settle()
  }

  finish(): void {
    this.#machine.endOfStream()
    this.#settle()
    if (this.events.at(-1)?.type !== 'closed') throw new Broken('open after the end of the stream')
    if (this.#machine.nextDeadlineMs !== Number.POSITIVE_INFINITY) throw new Broken('a deadline after the end')
  }

  #settle(): void {
    const machine = this.#machine
    this.#checkWritten()
    for (let event = machine.next(this.#nowMs); event !== undefined; event = machine.next(this.#nowMs)) {
      this.#check(event)
      if (event.type === 'sign') machine.signed(new Uint8Array(64), this.#nowMs)
      while (machine.window > 0 && this.#wishes < 100) this.#wish()
      this.#checkWritten()
    }
    if (machine.bufferedBytes > this.#pushedBytes) throw new Broken('more bytes held than came')
  }

  #wish(): void {
    const nowMs = this.#nowMs
    switch (this.#wishes++ % 5) {
      case 0:
        this.#machine.info(hash, nowMs)
        return
      case 4:
        this.#nextBytes = 10
        this.#machine.download({ fileHash: hash, offsetBytes: 10, sizeBytes: undefined }, nowMs)
        return
      default:
        this.#machine.upload({ fileHash: hash, guid: 1n, offsetBytes: 0n, totalBytes: 60n, chunk: bytes }, nowMs)
    }
  }

  #check(event: FileServerEvent): void {
    if (this.events.at(-1)?.type === 'closed') throw new Broken(`${event.type} after the end`)
    if (event.type === 'sign' && event.nonce.length !== 32) throw new Broken(`${event.nonce.length} bytes to sign`)
    if (event.type === 'data') {
      this.#nextBytes += event.bytes.length
      if (event.bytes.length === 0 || this.#nextBytes > event.sizeBytes) throw new Broken('bytes beyond the file')
      if (event.last !== (this.#nextBytes === event.sizeBytes)) throw new Broken('the end is in another place')
    }
    this.events.push(event)
  }

  #checkWritten(): void {
    for (const frame of this.#machine.takeOutgoing()) {
      if (!this.#opened && toHex(frame) !== '0100') throw new Broken('another opening')
      if (this.#opened && decodeFilesRequest(frame).requestId < 2) throw new Broken('a request id below 2')
      this.#opened = true
    }
    if (this.#machine.window < 0 || this.#machine.window > 4) throw new Broken('the window does not hold')
  }
}

function clientEvents(pieces: Iterable<Uint8Array>): FileServerEvent[] {
  const run = new ClientRun()
  for (const piece of pieces) run.feed(piece)
  run.finish()
  return run.events
}

/** Any bytes, in any pieces: the same events; and with the clock turned in between nothing worse. */
const client: FuzzTarget = {
  name: 'files.client',
  seeds: SERVER_TALK,
  feed(input, random) {
    const [inPieces, whole] = [clientEvents(cut(input, random)), clientEvents([input])]
    if (!isDeepStrictEqual(inPieces.map(withoutStack), whole.map(withoutStack)))
      throw new Broken('the cuts change what is told')
    const run = new ClientRun()
    for (const piece of cut(input, random)) {
      run.feed(piece)
      if (random.below(4) === 0) run.advance(random.below(20_000))
    }
    run.finish()
  },
}

function withoutStack(event: FileServerEvent): unknown {
  return event.type === 'closed' ? [event.type, event.error?.code, event.error?.message] : event
}

// The server: a client talks to it.

function request(command: number, payload: Uint8Array, requestId = command): Uint8Array {
  return encodeFilesRequest({ command, requestId, payload })
}

function chunk(start: number, end: number, totalBytes = 60n): Uint8Array {
  const message = {
    fileHash: hash,
    guid: 1n,
    offsetBytes: BigInt(start),
    totalBytes,
    chunk: bytes.subarray(start, end),
  }
  return request(FilesCommand.upload, uploadRequest.encode(message))
}

const { publicKey } = signer
const LOGIN: readonly Uint8Array[] = [
  encodeFilesInit(),
  request(FilesCommand.getNonce, getNonceRequest.encode({ publicKey })),
  request(FilesCommand.auth, authRequest.encode({ publicKey, nonce: NONCE, signature: signer.sign(NONCE) })),
]
const READ: readonly Uint8Array[] = [
  request(FilesCommand.fileInfo, fileInfoRequest.encode({ fileHash: hash })),
  request(FilesCommand.download, downloadRequest.encode({ fileHash: hash, offsetBytes: 7n })),
  request(FilesCommand.download, downloadRequest.encode({ fileHash: hash, offsetBytes: 0n, limitBytes: 3 })),
  request(FilesCommand.ping, nothing),
]
const CLIENT_TALK: readonly Uint8Array[] = [
  concat([...LOGIN, chunk(0, 60), ...READ]),
  concat([...LOGIN, chunk(0, 20), chunk(20, 50), chunk(50, 60), ...READ]),
  concat([...LOGIN, chunk(0, 20), chunk(0, 30), chunk(30, 60), chunk(9, 20), request(0x55, nothing)]),
  concat([...LOGIN, chunk(0, 20), chunk(20, 60, 70n), ...READ]),
]

/** A session on a disk of its own, in memory. */
class ServerRun {
  readonly answers: Uint8Array[] = []
  readonly #index = new FileIndex()
  readonly #session = new FileServerSession(
    {
      limits: { ...DEFAULT_LIMITS, quotaBytes: 1_000, uploadsPerConnection: 2 },
      spans: DEFAULT_SPANS,
      index: this.#index,
      nonces: new Nonces(4),
      random: () => NONCE,
    },
    1,
  )
  readonly #temporary = new Map<string, Uint8Array[]>()
  readonly #stored = new Map<string, Uint8Array>()
  #reading: Uint8Array | undefined
  #ended = false
  #failures: Random | undefined

  /** @param failures - makes steps on disk fail now and then */
  constructor(failures?: Random) {
    this.#failures = failures
  }

  feed(piece: Uint8Array): void {
    this.#session.receive(piece)
    this.#run()
  }

  sweep(): void {
    this.#session.sweep()
    this.#run()
  }

  finish(): void {
    this.#session.endOfStream()
    this.#run()
    if (!this.#ended) throw new Broken('no end after the end of the stream')
    if (this.#reading !== undefined) throw new Broken('a file stays open')
    for (const name of this.#session.abandon()) this.#temporary.delete(name)
    if (this.#temporary.size > 0) throw new Broken('a temporary file outlives its session')
    if (this.#index.temporaryBytes !== 0) throw new Broken(`${this.#index.temporaryBytes} temporary bytes of nobody`)
  }

  #run(): void {
    let result: StepResult | undefined
    for (let step = this.#session.next(0, result); step !== undefined; step = this.#session.next(0, result)) {
      if (this.#ended) throw new Broken(`${step.type} after the end`)
      const isOnDisk = step.type !== 'answer' && step.type !== 'end' && step.type !== 'shut' && step.type !== 'discard'
      const fails = isOnDisk && this.#failures?.below(5) === 0
      result = fails ? this.#fail(step) : this.#do(step)
    }
    const heldBytes = [...this.#temporary.values()].flat().reduce((sum, { length }) => sum + length, 0)
    if (this.#failures === undefined && heldBytes !== this.#index.temporaryBytes) throw new Broken('the count is wrong')
  }

  #fail(step: Step): StepResult {
    if (step.type === 'store') this.#temporary.delete(step.name)
    return { failure: 'EIO' }
  }

  #do(step: Step): StepResult {
    switch (step.type) {
      case 'answer':
        decodeFilesResponse(step.frame)
        this.answers.push(step.frame)
        return {}
      case 'create':
        this.#temporary.set(step.name, [])
        return {}
      case 'append':
        this.#temporary.get(step.name)!.push(step.bytes.slice())
        return {}
      case 'discard':
        this.#temporary.delete(step.name)
        return {}
      case 'store': {
        const stored = concat(this.#temporary.get(step.name)!)
        if (toHex(sha256Of(stored)) !== step.hash) throw new Broken('stored under a wrong hash')
        this.#temporary.delete(step.name)
        this.#stored.set(step.hash, stored)
        const { guid, uploader } = step.sidecar
        const sizeBytes = Number(step.sidecar.sizeBytes)
        this.#index.add(step.hash, { uploader: toHex(uploader), guid, uploadedAtSeconds: 0, sizeBytes })
        return {}
      }
      case 'open':
        this.#reading = this.#stored.get(step.hash)
        return {}
      case 'read':
        return { bytes: this.#reading!.slice(step.offsetBytes, step.offsetBytes + step.sizeBytes) }
      case 'shut':
        this.#reading = undefined
        return {}
      case 'end':
        this.#ended = true
        return {}
    }
  }
}

function serverAnswers(pieces: Iterable<Uint8Array>): Uint8Array[] {
  const run = new ServerRun()
  for (const piece of pieces) run.feed(piece)
  run.finish()
  return run.answers
}

/** Any bytes, in any pieces: the same answers, and nothing left behind; also when the disk fails. */
const server: FuzzTarget = {
  name: 'files.server',
  seeds: CLIENT_TALK,
  feed(input, random) {
    if (!isDeepStrictEqual(serverAnswers(cut(input, random)), serverAnswers([input]))) {
      throw new Broken('the cuts change the answers')
    }
    const run = new ServerRun(random)
    for (const piece of cut(input, random)) {
      run.feed(piece)
      if (random.below(8) === 0) run.sweep()
    }
    run.finish()
  },
}

/** Both ends of the protocol of file servers. */
export const filesTargets: readonly FuzzTarget[] = [client, server]
