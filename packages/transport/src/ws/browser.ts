import { formatSocketAddress, parseAddress } from '../address.js'
import { TransportError } from '../error.js'
import { MessageStream } from '../message/stream.js'
import type { ByteStream, DialOptions, Listener, StreamTransport } from '../types.js'
import { type CompleteWsOptions, completeWsOptions, type WsOptions as SharedOptions } from './options.js'
import { CloseStatus, encodeWindow, MAX_MESSAGE_BYTES, SUBPROTOCOL, windowReceived } from './protocol.js'

export interface WsOptions extends SharedOptions {
  /** Default: the global one. */
  readonly WebSocket?: WebSocketClass
}

/** As for Node; a browser trusts what its user trusts, and listens nowhere. */
export type WssOptions = WsOptions

/** What is used of the class that browsers, and newer runtimes, have. */
export type WebSocketClass = new (url: string, protocols: string[]) => WebSocketLike

/** What is used of a browser's WebSocket. */
export interface WebSocketLike {
  binaryType: string
  readonly protocol: string
  readonly bufferedAmount: number
  onopen: (() => void) | null
  onmessage: ((event: { readonly data: unknown }) => void) | null
  /** Tells nothing that `onclose` does not tell; where WebSockets are emitters of Node, somebody has to listen. */
  onerror: (() => void) | null
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null
  send(data: Uint8Array<ArrayBuffer> | string): void
  close(code?: number, reason?: string): void
}

const DEFAULT_TIMEOUT_MS = 10_000

/** Streams over a browser's WebSockets, scheme `ws`: it dials what `ws()` of Node listens on. */
export function ws(options: WsOptions = {}): StreamTransport {
  return new WebTransport('ws', options)
}

/** The same over TLS, scheme `wss`: all that a page may dial that was itself loaded over https. */
export function wss(options: WssOptions = {}): StreamTransport {
  return new WebTransport('wss', options)
}

class WebTransport implements StreamTransport {
  readonly scheme: 'ws' | 'wss'
  readonly #options: CompleteWsOptions
  readonly #WebSocket: WebSocketClass | undefined

  constructor(scheme: 'ws' | 'wss', options: WsOptions) {
    this.scheme = scheme
    this.#options = completeWsOptions(options)
    this.#WebSocket = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket
  }

  async dial(address: string, options: DialOptions = {}): Promise<ByteStream> {
    const { host, port } = parseAddress(address, this.scheme)
    if (port === 0) throw new TransportError('bad-address', `expected a port from 1 to 65535 to dial, got ${address}`)
    if (this.#WebSocket === undefined)
      throw new TransportError('misuse', `dial ${address}: this runtime has no WebSocket`)
    const remoteAddress = formatSocketAddress(this.scheme, host, port)
    return dialWeb(remoteAddress, this.#WebSocket, options, this.#options)
  }

  async listen(address: string): Promise<Listener> {
    parseAddress(address, this.scheme)
    throw new TransportError('misuse', `listen ${address}: a browser cannot listen, it dials only`)
  }
}

function dialWeb(
  address: string,
  WebSocket: WebSocketClass,
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: DialOptions,
  options: CompleteWsOptions,
): Promise<ByteStream> {
  const doing = `dial ${address}`
  const aborted = (): TransportError =>
    new TransportError('aborted', `${doing}: aborted by the signal given`, { cause: signal?.reason })
  if (signal?.aborted) throw aborted()
  return new Promise((resolve, reject) => {
    const socket = opened(address, WebSocket)
    socket.binaryType = 'arraybuffer'
    socket.onerror = () => {}
    const fail = (error: TransportError): void => {
      letGo()
      reject(error)
      socket.close()
    }
    const onAbort = (): void => fail(aborted())
    signal?.addEventListener('abort', onAbort)
    const cancelTimer = options.clock.schedule(
      () => fail(new TransportError('timeout', `${doing}: no answer within ${timeoutMs} ms`)),
      timeoutMs,
    )
    socket.onclose = ({ code, reason }) => fail(unreachable(doing, code, reason))
    socket.onopen = () => {
      if (socket.protocol !== SUBPROTOCOL) {
        fail(new TransportError('refused', `${doing}: what answers there is no listener for ${SUBPROTOCOL}`))
        return
      }
      letGo()
      resolve(webStream(socket, address, options))
    }
    function letGo(): void {
      cancelTimer()
      signal?.removeEventListener('abort', onAbort)
      socket.onopen = null
      socket.onclose = null
    }
  })
}

function opened(address: string, WebSocket: WebSocketClass): WebSocketLike {
  try {
    return new WebSocket(`${address.replace(/%[^\]]*/, '')}/`, [SUBPROTOCOL])
  } catch (cause) {
    const hint = 'one that was loaded over https can dial wss:// only'
    throw new TransportError('denied', `dial ${address}: this page may not open it: ${hint}`, { cause })
  }
}

function webStream(socket: WebSocketLike, remoteAddress: string, options: CompleteWsOptions): MessageStream {
  // What it holds is no shared memory; it is copied before `send` returns.
  const out = {
    get bufferedAmount() {
      return socket.bufferedAmount
    },
    send: (data: Uint8Array) => socket.send(data as Uint8Array<ArrayBuffer>),
    grant: (totalBytes: number) => socket.send(encodeWindow(totalBytes)),
    close: () => socket.close(CloseStatus.normal),
    terminate: () => socket.close(CloseStatus.aborted),
  }
  // A page is not told its own end.
  const localAddress = `${remoteAddress.slice(0, remoteAddress.indexOf(':'))}://0.0.0.0:0`
  const stream = new MessageStream(out, { ...options, remoteAddress, localAddress, maxMessageBytes: MAX_MESSAGE_BYTES })
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') windowReceived(stream, data)
    else if (data instanceof ArrayBuffer && data.byteLength <= MAX_MESSAGE_BYTES) stream.received(new Uint8Array(data))
    else
      stream.abort(
        new TransportError('reset', `stream to ${remoteAddress}: a message above ${MAX_MESSAGE_BYTES} bytes`),
      )
  }
  socket.onclose = () => stream.socketClosed()
  return stream
}

/** Pages are not told why, lest they look around in the network of their user. */
function unreachable(doing: string, code: number, reason: string): TransportError {
  const hint = 'check host and port, and for wss:// the certificate'
  const detail = reason === '' ? `${code}` : `${code} ${reason}`
  return new TransportError('unreachable', `${doing}: no connection (${detail}): ${hint}`)
}
