import type { ByteStream, StreamHandlers, StreamTransport } from '@mimirjs/transport'
import { MediatorCommand, type MediatorCommandName, MediatorRequestReader } from '@mimirjs/wire/mediator'

/** A network that goes deaf: the request still arrives, and its answer never does. */
export class Cutter {
  /** The command behind which the line is to be cut, and how often it has to come for that. */
  #armed: { command: number; count: number } | undefined
  readonly #deaf = new Set<CutStream>()

  arm(command: MediatorCommandName, count = 1): void {
    this.#armed = { command: MediatorCommand[command], count }
  }

  /** A line has gone deaf. */
  get isCut(): boolean {
    return this.#deaf.size > 0
  }

  /** End the lines that have gone deaf. */
  hangUp(): void {
    for (const stream of this.#deaf) stream.abort(new Error('cut'))
    this.#deaf.clear()
  }

  transport(inner: StreamTransport): StreamTransport {
    return {
      scheme: inner.scheme,
      dial: async (address, options) => new CutStream(await inner.dial(address, options), this),
      listen: (address, options) => inner.listen(address, options),
    }
  }

  /** @internal */
  sees(command: number, stream: CutStream): void {
    const armed = this.#armed
    if (armed?.command !== command || --armed.count > 0) return
    this.#armed = undefined
    this.#deaf.add(stream)
  }

  /** @internal */
  isDeaf(stream: CutStream): boolean {
    return this.#deaf.has(stream)
  }
}

class CutStream implements ByteStream {
  readonly remoteAddress: string
  readonly localAddress: string
  readonly #inner: ByteStream
  readonly #cutter: Cutter
  readonly #requests = new MediatorRequestReader({ dialect: 'tlv-push' })
  #initBytes = 2

  constructor(inner: ByteStream, cutter: Cutter) {
    this.#inner = inner
    this.#cutter = cutter
    this.remoteAddress = inner.remoteAddress
    this.localAddress = inner.localAddress
  }

  start(handlers: StreamHandlers): void {
    this.#inner.start({
      ...handlers,
      data: (chunk) => {
        if (!this.#cutter.isDeaf(this)) handlers.data(chunk)
      },
    })
  }

  write(chunk: Uint8Array): boolean {
    const init = Math.min(this.#initBytes, chunk.length)
    this.#initBytes -= init
    this.#requests.push(chunk.slice(init))
    for (let frame = this.#requests.next(); frame !== undefined; frame = this.#requests.next())
      this.#cutter.sees(frame.command, this)
    return this.#inner.write(chunk)
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    return this.write(Buffer.concat(chunks))
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
