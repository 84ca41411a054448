import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSha256, createSigner, type SeedSigner } from '@mimirjs/crypto'
import { type ByteStream, type Clock, steadyClock, Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { tcp } from '@mimirjs/transport/tcp'
import {
  authRequest,
  decodeFilesError,
  encodeFilesInit,
  encodeFilesMessage,
  encodeFilesRequest,
  FilesCommand,
  type FilesRequest,
  FilesRequestReader,
  type FilesResponse,
  FilesResponseReader,
  FilesStatus,
  getNonceRequest,
  getNonceResponse,
} from '@mimirjs/wire/files'
import { afterEach } from 'vitest'
import { FileServerClient, type FileServerClientOptions } from '../../src/file-server/client.js'
import { createFileServer, type FileServer, type FileServerOptions } from '../../src/testing/index.js'

export type Net = 'memory' | 'tcp'

const open: { close(): Promise<void> }[] = []
const folders: string[] = []
afterEach(async () => {
  // The youngest first: clients before their servers.
  for (const one of open.splice(0).reverse()) await one.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** To be closed when the test is over. */
export function later<T extends { close(): Promise<void> }>(one: T): T {
  open.push(one)
  return one
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mimir-files-'))
  folders.push(folder)
  return folder
}

export function signerOf(byte: number): SeedSigner {
  return createSigner(new Uint8Array(32).fill(byte))
}

export const alice: SeedSigner = signerOf(1)
export const bob: SeedSigner = signerOf(2)

/** A network, and what is on it. */
export function createNet(net: Net = 'memory') {
  const transports = new Transports([createMemoryNetwork().streams, tcp()])
  let names = 0
  const address = (): string => (net === 'tcp' ? 'tcp://127.0.0.1:0' : `memory://place-${++names}`)
  return {
    transports,
    /** A real server in a folder of its own. */
    async server(options: Partial<FileServerOptions> = {}): Promise<FileServer & { folder: string }> {
      const folder = options.folder ?? newFolder()
      const server = await createFileServer({ transports, address: address(), folder, ...options })
      return Object.assign(later(server), { folder })
    },
    client(to: { readonly address: string }, options: Partial<FileServerClientOptions> = {}): FileServerClient {
      return later(
        new FileServerClient({
          dial: (signal) => transports.dial(to.address, { signal }),
          signer: alice,
          clock: steadyClock,
          ...options,
          timers: { retryMs: 1, maxRetryMs: 2, ...options.timers },
        }),
      )
    },
    async raw(to: { readonly address: string }): Promise<RawClient> {
      return new RawClient(await transports.dial(to.address))
    },
    /** A server by hand. */
    async script(act: (server: RawServer) => Promise<void>): Promise<{ readonly address: string }> {
      const onStream = (stream: ByteStream): void => {
        const raw = new RawServer(stream)
        act(raw).catch((error: unknown) => {
          // Scripts end in the middle when the client leaves. What else they throw fails the run.
          if (!raw.closed) throw error
        })
      }
      const listener = await transports.listen(address(), { onStream })
      return later({ address: listener.address, close: () => listener.close() })
    },
  }
}

/** Resolves when `check` holds, looked at between turns of the event loop. */
export async function until(check: () => boolean): Promise<void> {
  while (!check()) await turn()
}

export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

export async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await turn()
}

/** The system's clock, and how many timers of it are running. */
export function countingClock(): Clock & { readonly timers: number } {
  const timers = new Set<object>()
  return {
    nowMs: () => steadyClock.nowMs(),
    schedule(callback, delayMs) {
      const timer = {}
      timers.add(timer)
      const cancel = steadyClock.schedule(() => {
        timers.delete(timer)
        callback()
      }, delayMs)
      return () => {
        timers.delete(timer)
        cancel()
      }
    },
    get timers() {
      return timers.size
    },
  }
}

export function sha256Of(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createSha256()
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** Bytes that differ everywhere, quickly made. */
export function bytesOf(sizeBytes: number, seed = 1): Uint8Array {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4))
  let word = Math.imul(seed, 0x9e3779b1)
  for (let at = 0; at < words.length; at++) {
    word = (Math.imul(word, 1664525) + 1013904223) | 0
    words[at] = word
  }
  return new Uint8Array(words.buffer, 0, sizeBytes)
}

/** `bytes` as a file to upload, in pieces of some size. */
export function fileOf(bytes: Uint8Array, pieceBytes = 100_000) {
  return {
    bytes,
    hash: sha256Of(bytes),
    guid: 7n,
    sizeBytes: bytes.length,
    async *open() {
      for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
    },
  }
}

/** Where a download can go. */
export function sink() {
  const parts: Uint8Array[] = []
  return {
    write: (bytes: Uint8Array): void => {
      parts.push(bytes)
    },
    get sizeBytes() {
      return parts.reduce((sum, part) => sum + part.length, 0)
    },
    get bytes(): Uint8Array {
      return Uint8Array.from(parts.flatMap((part) => [...part]))
    },
    get hash(): Uint8Array {
      return sha256Of(...parts)
    },
  }
}

abstract class RawEnd<Frame> {
  readonly stream: ByteStream
  readonly frames: Frame[] = []
  /** What the other side did. */
  ended = false
  closed = false
  receivedBytes = 0
  onFrame: ((frame: Frame) => void) | undefined

  constructor(stream: ByteStream, reader: { push(chunk: Uint8Array): void; next(): Frame | undefined }) {
    this.stream = stream
    stream.start({
      data: (chunk) => {
        this.receivedBytes += chunk.length
        reader.push(chunk)
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
          this.frames.push(frame)
          this.onFrame?.(frame)
        }
      },
      end: () => {
        this.ended = true
      },
      drain: () => {},
      closed: () => {
        this.closed = true
      },
    })
  }

  write(...parts: readonly Uint8Array[]): void {
    for (const part of parts) this.stream.write(part.slice())
  }

  /** The next frame that nobody took. */
  async take(): Promise<Frame> {
    await until(() => this.frames.length > 0 || this.closed)
    const frame = this.frames.shift()
    if (frame === undefined) throw new Error('the other side is gone')
    return frame
  }
}

/** A client by hand. */
export class RawClient extends RawEnd<FilesResponse> {
  constructor(stream: ByteStream) {
    super(stream, new FilesResponseReader())
  }

  /** The answer to one request: the error's text, or the payload. */
  async ask(command: number, payload: Uint8Array, requestId = 9): Promise<string | Uint8Array> {
    this.write(encodeFilesRequest({ command, requestId, payload }))
    return said(await this.take())
  }

  /** Log in as the originals do. */
  async login(signer: SeedSigner): Promise<this> {
    const { publicKey } = signer
    this.write(encodeFilesInit())
    const given = await this.ask(FilesCommand.getNonce, getNonceRequest.encode({ publicKey }))
    if (typeof given === 'string') throw new Error(given)
    const { nonce } = getNonceResponse.decode(given)
    const signature = signer.sign(nonce)
    const answer = await this.ask(FilesCommand.auth, authRequest.encode({ publicKey, nonce, signature }))
    if (typeof answer === 'string') throw new Error(answer)
    return this
  }
}

export function said({ status, payload }: FilesResponse): string | Uint8Array {
  return status === FilesStatus.error ? decodeFilesError(payload) : payload
}

export const NONCE: Uint8Array = bytesOf(32, 77)

/** A server by hand. */
export class RawServer extends RawEnd<FilesRequest> {
  constructor(stream: ByteStream) {
    super(stream, new FilesRequestReader())
  }

  /** OK with a payload. */
  ok(requestId: number, payload: Uint8Array = new Uint8Array(0)): void {
    this.write(Uint8Array.of(0, requestId >> 8, requestId & 255), lengthOf(payload), payload)
  }

  no(requestId: number, text: string): void {
    const bytes = new TextEncoder().encode(text)
    const payload = Uint8Array.of(bytes.length >> 8, bytes.length & 255, ...bytes)
    this.write(Uint8Array.of(1, requestId >> 8, requestId & 255), lengthOf(payload), payload)
  }

  nonce(requestId: number, nonce: Uint8Array = NONCE): void {
    this.write(encodeFilesMessage(FilesStatus.ok, requestId, getNonceResponse, { nonce }))
  }

  /** Let whoever comes log in. */
  async admit(): Promise<this> {
    this.nonce((await this.take()).requestId)
    this.ok((await this.take()).requestId)
    return this
  }
}

function lengthOf(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, payload.length)
  return bytes
}
