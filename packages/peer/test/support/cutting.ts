import type { ByteStream, StreamHandlers, StreamTransport } from '@mimirjs/transport'

/** A transport whose data streams, as far as we dial them, break after so many bytes. */
export class Cutting implements StreamTransport {
  readonly scheme: string
  readonly listen: StreamTransport['listen']
  readonly #inner: StreamTransport
  /** Bytes after which each coming data stream breaks; behind the last of these, none does. */
  readonly cuts: number[]
  /** Roles of the streams dialled so far, by the first byte that was written. */
  readonly roles: number[] = []
  readonly streams: ByteStream[] = []

  constructor(inner: StreamTransport, cuts: number[]) {
    this.#inner = inner
    this.scheme = inner.scheme
    this.listen = (address, options) => inner.listen(address, options)
    this.cuts = cuts
  }

  async dial(...args: Parameters<StreamTransport['dial']>): Promise<ByteStream> {
    const stream = new CutStream(await this.#inner.dial(...args), this)
    this.streams.push(stream)
    return stream
  }
}

class CutStream implements ByteStream {
  readonly localAddress: string
  readonly remoteAddress: string
  declare readonly remotePublicKey?: Uint8Array
  readonly #inner: ByteStream
  readonly #owner: Cutting
  #leftBytes: number | undefined
  #isNew = true

  constructor(inner: ByteStream, owner: Cutting) {
    this.#inner = inner
    this.#owner = owner
    this.localAddress = inner.localAddress
    this.remoteAddress = inner.remoteAddress
    if (inner.remotePublicKey !== undefined) this.remotePublicKey = inner.remotePublicKey
  }

  start(handlers: StreamHandlers): void {
    this.#inner.start(handlers)
  }

  write(chunk: Uint8Array): boolean {
    if (this.#isNew) {
      this.#isNew = false
      this.#owner.roles.push(chunk[0]!)
      if (chunk[0] !== 0) this.#leftBytes = this.#owner.cuts.shift()
    }
    if (this.#leftBytes === undefined) return this.#inner.write(chunk)
    if (chunk.length < this.#leftBytes) {
      this.#leftBytes -= chunk.length
      return this.#inner.write(chunk)
    }
    if (this.#leftBytes > 0) this.#inner.write(chunk.slice(0, this.#leftBytes))
    this.#leftBytes = 0
    // What was written gets through first.
    setImmediate(() => this.#inner.abort())
    return true
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    let isWritable = true
    for (const chunk of chunks) isWritable = this.write(chunk)
    return isWritable
  }

  pause(): void {
    this.#inner.pause()
  }

  resume(): void {
    this.#inner.resume()
  }

  end(): void {
    this.#inner.end()
  }

  abort(error?: Error): void {
    this.#inner.abort(error)
  }
}
