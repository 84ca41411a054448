import type { TransportError } from './error.js'

/**
 * Callbacks of the reader of a {@link ByteStream}. All are called from the event loop, never from inside a call to the
 * stream, and none after `closed`.
 */
export interface StreamHandlers {
  /** Bytes arrived. `chunk` is a view that is valid only during the call: copy what you keep. */
  data(chunk: Uint8Array): void
  /** The remote side ended its direction: no `data` follows. Our direction stays open until {@link ByteStream.end}. */
  end(): void
  /** The stream accepts writes again after {@link ByteStream.write} returned `false`. */
  drain(): void
  /** Called once, last. `error` is absent after both sides ended in order. */
  closed(error?: TransportError): void
}

/**
 * A reliable, ordered, bidirectional stream of bytes with backpressure both ways, half-close and abort. TCP
 * connections, overlay streams and the in-memory pair are all of this one kind; `testing/conformance` checks them.
 */
export interface ByteStream {
  /** Address URL of the other end, for example `tcp://127.0.0.1:5050`. */
  readonly remoteAddress: string
  /** Address URL of this end. */
  readonly localAddress: string
  /** 32-byte key of the other end, where the network itself proves it (an overlay does, TCP does not). */
  readonly remotePublicKey?: Uint8Array
  /**
   * Attach the reader and start delivery. Bytes that came earlier are kept until then. To be called once.
   * A second call throws a `TransportError` `misuse`.
   */
  start(handlers: StreamHandlers): void
  /**
   * Hand bytes to the network. The stream owns `chunk` from now on: the caller must not change its content any more.
   * @returns `false` when the buffer is past its high-water mark: write no more until `drain`.
   */
  write(chunk: Uint8Array): boolean
  /** Like {@link write} for several chunks at once, gathered into as few system calls as possible. */
  writeAll(chunks: readonly Uint8Array[]): boolean
  /** Stop delivering `data` until {@link resume}; the network slows the sender down. */
  pause(): void
  resume(): void
  /** Half-close: no more writes from us, after all that was written. */
  end(): void
  /** Close both directions at once and drop what was not sent. `closed` follows with this error. */
  abort(error?: Error): void
}

/** A place where streams arrive. */
export interface Listener {
  /** Address URL really bound, with the port that the system chose. */
  readonly address: string
  /** Stop accepting. Streams already accepted stay open. Resolves when the address is free again. */
  close(): Promise<void>
}

export interface DialOptions {
  /** Milliseconds until the attempt fails with `timeout`. Default 10 000. */
  timeoutMs?: number
  signal?: AbortSignal
}

export interface ListenOptions {
  /** Called for every accepted stream; it must call `start` or `abort` on it. */
  onStream(stream: ByteStream): void
  /** The listener itself failed after it was open; it is closed. */
  onError?(error: TransportError): void
  /** Length of the queue of connections not yet accepted. Default 511. */
  backlog?: number
}

/** One way of reaching others by streams, registered by its address scheme. */
export interface StreamTransport {
  /** URL scheme without the colon: `tcp`, `memory`, `ygg`. */
  readonly scheme: string
  dial(address: string, options?: DialOptions): Promise<ByteStream>
  listen(address: string, options: ListenOptions): Promise<Listener>
}

/** The far end of a datagram. Compare by `address`; keep the object to answer without parsing again. */
export interface DatagramPeer {
  /** Address URL, for example `udp://127.0.0.1:5050`. */
  readonly address: string
  /**
   * The host alone as the system wrote it, where the network has hosts: what limits count, cheaper than {@link address},
   * which UDP puts together only when asked.
   */
  readonly host?: string
}

export interface DatagramHandlers {
  /** A datagram arrived. `bytes` is a view that is valid only during the call. */
  message(bytes: Uint8Array, from: DatagramPeer): void
  /** The socket failed and is closed. */
  closed(error?: TransportError): void
}

/** Send to and receive from, unreliable, with a known maximum size. */
export interface DatagramSocket {
  readonly localAddress: string
  /** Longest datagram that can be sent, in bytes. */
  readonly maxDatagramBytes: number
  /** Attach the reader; what came before may be lost. A second call throws a `TransportError` `misuse`. */
  start(handlers: DatagramHandlers): void
  /** Resolve an address URL once, to send to it many times. @throws {TransportError} `bad-address` */
  peer(address: string): DatagramPeer
  /**
   * Send and forget. The socket owns `bytes` from now on. Loss is silent, and so is sending after {@link close}.
   * @throws {TransportError} `too-large` | `bad-address`
   */
  send(bytes: Uint8Array, to: DatagramPeer): void
  close(): Promise<void>
}

export interface DatagramTransport {
  readonly scheme: string
  /** Open a socket bound to `address`, for example `udp://127.0.0.1:0`. */
  open(address: string, options?: { signal?: AbortSignal }): Promise<DatagramSocket>
}
