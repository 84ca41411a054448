import { connect, type TcpNetConnectOpts } from 'node:net'
import { formatSocketAddress, parseAddress } from '../address.js'
import { TransportError } from '../error.js'
import { fromSystemError } from '../system-error.js'
import type { TcpOptions } from '../tcp.js'
import type { ByteStream, DialOptions } from '../types.js'
import { readInto, TcpStream } from './stream.js'

const DEFAULT_TIMEOUT_MS = 10_000
/** A longer timer would fire at once. */
const MAX_TIMER_MS = 0x7fffffff
const READ_BUFFER_BYTES = 65_536

/**
 * Node's own libuv fills a read buffer only at the moment it calls back, except on Windows, where reads may be
 * started ahead; other runtimes promise nothing. Where sharing is unsafe, ordinary `data` events are used.
 */
const CAN_SHARE_BUFFER =
  process.platform !== 'win32' && process.versions['bun'] === undefined && process.versions['deno'] === undefined

let sharedBuffer: Uint8Array | undefined
function readBuffer(): Uint8Array {
  sharedBuffer ??= new Uint8Array(READ_BUFFER_BYTES)
  return sharedBuffer
}

export function dialTcp(
  address: string,
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: DialOptions,
  { highWaterMarkBytes }: Required<TcpOptions>,
): Promise<ByteStream> {
  const { host, port } = parseAddress(address, 'tcp')
  if (port === 0) throw new TransportError('bad-address', `expected a port from 1 to 65535 to dial, got ${address}`)
  if (signal?.aborted) throw dialAborted(address, signal)
  const options: TcpNetConnectOpts & { highWaterMark: number } = {
    host,
    port,
    noDelay: true,
    allowHalfOpen: true,
    highWaterMark: highWaterMarkBytes,
  }
  if (CAN_SHARE_BUFFER) options.onread = { buffer: readBuffer(), callback: readInto }

  return new Promise((resolve, reject) => {
    const socket = connect(options)
    // Nothing is read before `start`; the flag is looked at when the connection is up.
    socket.pause()
    const timer = setTimeout(
      () => {
        fail(new TransportError('timeout', `dial ${address}: no answer within ${timeoutMs} ms`))
      },
      Math.min(timeoutMs, MAX_TIMER_MS),
    )
    signal?.addEventListener('abort', onAbort)
    socket.once('connect', onConnect)
    socket.on('error', onError)

    function settle(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      socket.off('connect', onConnect)
    }
    function fail(error: TransportError): void {
      settle()
      // The error listener stays: a late error of a socket already given up must not end the process.
      socket.destroy()
      reject(error)
    }
    function onError(error: Error): void {
      fail(fromSystemError(error, `dial ${address}`))
    }
    function onAbort(): void {
      fail(dialAborted(address, signal))
    }
    function onConnect(): void {
      const { remoteAddress, remotePort, localAddress, localPort } = socket
      if (remoteAddress === undefined || remotePort === undefined || localAddress === undefined) {
        fail(new TransportError('reset', `dial ${address}: cut as soon as it was open`))
      } else if (localPort === remotePort && localAddress === remoteAddress) {
        // A dial to a free local port can meet itself when the system picks that very port for our end.
        fail(new TransportError('refused', `dial ${address}: nobody listens there (the dial met itself)`))
      } else {
        settle()
        socket.off('error', onError)
        resolve(
          new TcpStream(
            socket,
            formatSocketAddress('tcp', remoteAddress, remotePort),
            formatSocketAddress('tcp', localAddress, localPort ?? 0),
            CAN_SHARE_BUFFER,
          ),
        )
      }
    }
  })
}

function dialAborted(address: string, signal: AbortSignal | undefined): TransportError {
  return new TransportError('aborted', `dial ${address}: aborted by the signal given`, { cause: signal?.reason })
}
