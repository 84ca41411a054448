import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { WebSocket } from 'ws'
import { formatSocketAddress, parseAddress } from '../address.js'
import { TransportError } from '../error.js'
import { unmapIpv4 } from '../ip.js'
import { fromSystemError } from '../system-error.js'
import type { ByteStream, DialOptions } from '../types.js'
import type { CompleteWsOptions } from './options.js'
import { MAX_MESSAGE_BYTES, SUBPROTOCOL } from './protocol.js'
import { socketStream } from './socket.js'

const DEFAULT_TIMEOUT_MS = 10_000
/** How long the other side may take to answer our close, in ms. */
export const CLOSE_TIMEOUT_MS = 2_000

/** `ca`: certificates trusted instead of the system's, in PEM. */
export function dialWs(
  scheme: 'ws' | 'wss',
  address: string,
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: DialOptions,
  options: CompleteWsOptions,
  ca?: string,
): Promise<ByteStream> {
  const { host, port } = parseAddress(address, scheme)
  if (port === 0) throw new TransportError('bad-address', `expected a port from 1 to 65535 to dial, got ${address}`)
  const doing = `dial ${address}`
  const aborted = (): TransportError =>
    new TransportError('aborted', `${doing}: aborted by the signal given`, { cause: signal?.reason })
  if (signal?.aborted) throw aborted()
  return new Promise((resolve, reject) => {
    // Read now: the system forgets the ends of a socket as soon as it is cut.
    let ends = { remoteAddress: address, localAddress: `${scheme}://0.0.0.0:0` }
    const onConnect = (socket: Socket): void => {
      ends = {
        remoteAddress: formatSocketAddress(scheme, unmapIpv4(socket.remoteAddress ?? host), socket.remotePort ?? port),
        localAddress: formatSocketAddress(scheme, unmapIpv4(socket.localAddress ?? '0.0.0.0'), socket.localPort ?? 0),
      }
    }
    const createConnection = (): Socket => {
      const where = { host: host.replace(/^\[|\]$/g, ''), port, noDelay: true }
      const socket = scheme === 'ws' ? connect(where) : connectTls({ ...where, ...tlsOptions(host, ca) })
      socket.once('connect', () => onConnect(socket))
      return socket
    }
    const ws = new WebSocket(`${scheme}://${authorityOf(host, port)}/`, [SUBPROTOCOL], {
      createConnection,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      ...{ closeTimeout: CLOSE_TIMEOUT_MS },
    })
    const fail = (error: TransportError): void => {
      letGo()
      reject(error)
      ws.terminate()
    }
    const onAbort = (): void => fail(aborted())
    signal?.addEventListener('abort', onAbort)
    const cancelTimer = options.clock.schedule(
      () => fail(new TransportError('timeout', `${doing}: no answer within ${timeoutMs} ms`)),
      timeoutMs,
    )
    // It stays: terminating a socket that is being opened reports that as an error.
    ws.on('error', (error) => {
      letGo()
      reject(explain(error, doing))
    })
    ws.once('open', () => {
      letGo()
      resolve(socketStream(ws, ends, options))
    })
    function letGo(): void {
      cancelTimer()
      signal?.removeEventListener('abort', onAbort)
    }
  })
}

function tlsOptions(host: string, ca: string | undefined): ConnectionOptions {
  const isName = !host.includes(':') && !/^[0-9.]+$/.test(host)
  return { ...(isName ? { servername: host } : {}), ...(ca === undefined ? {} : { ca }) }
}

function authorityOf(host: string, port: number): string {
  // The zone of an address means something on this machine only.
  const plain = host.replace(/%.*$/, '')
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
}

function explain(error: Error, doing: string): TransportError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // What is no HTTP at all has a code of the parser, what is another HTTP has none.
  if (code !== '' && !code.startsWith('HPE_')) return fromSystemError(error, doing)
  const text = `${doing}: what answers there is no listener for ${SUBPROTOCOL} (${error.message}): check host and port`
  return new TransportError('refused', text, { cause: error })
}
