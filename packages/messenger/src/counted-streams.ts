import { type ByteStream, type StreamHandlers, Transports } from '@mimirjs/transport'

/** How many bytes went which way. */
export interface ByteCounter {
  sent(bytes: number): void
  received(bytes: number): void
}

/** The same transports, with every byte of their streams counted. */
export function countBytes(transports: Transports, counter: ByteCounter): Transports {
  return new Transports(
    transports.schemes.map((scheme) => ({
      scheme,
      dial: async (address, options) => new CountedStream(await transports.dial(address, options), counter),
      listen: (address, options) =>
        transports.listen(address, {
          ...options,
          onStream: (stream) => options.onStream(new CountedStream(stream, counter)),
        }),
    })),
  )
}

class CountedStream implements ByteStream {
  readonly remoteAddress: string
  readonly localAddress: string
  readonly remotePublicKey?: Uint8Array
  readonly #stream: ByteStream
  readonly #counter: ByteCounter

  constructor(stream: ByteStream, counter: ByteCounter) {
    this.remoteAddress = stream.remoteAddress
    this.localAddress = stream.localAddress
    if (stream.remotePublicKey) this.remotePublicKey = stream.remotePublicKey
    this.#stream = stream
    this.#counter = counter
  }

  start(handlers: StreamHandlers): void {
    this.#stream.start({
      data: (chunk) => {
        this.#counter.received(chunk.length)
        handlers.data(chunk)
      },
      end: () => handlers.end(),
      drain: () => handlers.drain(),
      closed: (error) => handlers.closed(error),
    })
  }

  write(chunk: Uint8Array): boolean {
    this.#counter.sent(chunk.length)
    return this.#stream.write(chunk)
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    let bytes = 0
    for (const chunk of chunks) bytes += chunk.length
    this.#counter.sent(bytes)
    return this.#stream.writeAll(chunks)
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  end(): void {
    this.#stream.end()
  }

  abort(error?: Error): void {
    this.#stream.abort(error)
  }
}
