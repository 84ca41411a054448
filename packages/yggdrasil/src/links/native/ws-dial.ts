import { WebSocket } from 'ws'
import { YggdrasilError } from '../../error.js'
import type { PeerUri, RawLink } from '../types.js'
import { SUBPROTOCOL } from '../websocket.js'
import { remoteOf } from './accept.js'
import { type ConnectOptions, connectHost } from './connect.js'
import { dialAborted, dialError } from './errors.js'
import { WsLink } from './ws-link.js'

/** How long the other side may take to answer our close, in ms. */
export const CLOSE_TIMEOUT_MS = 1000

/**
 * Connect, then ask for a WebSocket. No `Origin` is sent, and nothing of our options.
 * @throws {YggdrasilError} as {@link connectHost} | `handshake` when something else answers
 */
export async function dialWebSocket(
  uri: PeerUri,
  options: Omit<ConnectOptions, 'isShared'>,
  maxPayload: number,
): Promise<RawLink> {
  const { clock, signal, timeoutMs } = options
  const doing = `dial ${uri.id}`
  const socket = await connectHost(uri, { ...options, isShared: false })
  if (signal.aborted) {
    socket.destroy()
    throw dialAborted(doing, signal)
  }
  const remote = remoteOf(uri.scheme, socket)
  const wsOptions = {
    // Connected already: here the addresses of a host are tried one after the other.
    createConnection: () => socket,
    perMessageDeflate: false,
    maxPayload,
    closeTimeout: CLOSE_TIMEOUT_MS,
    skipUTF8Validation: true,
  }
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`${uri.scheme}://${authorityOf(uri)}${uri.path}`, [SUBPROTOCOL], wsOptions)
    const fail = (error: YggdrasilError): void => {
      letGo()
      reject(error)
      ws.terminate()
    }
    const onAbort = (): void => fail(dialAborted(doing, signal))
    signal.addEventListener('abort', onAbort)
    const cancelTimer = clock.schedule(() => {
      fail(new YggdrasilError('timeout', `${doing}: no answer to the request for a WebSocket within ${timeoutMs} ms`))
    }, timeoutMs)
    // It stays: terminating a socket that is being opened reports that as an error.
    ws.on('error', (error) => {
      letGo()
      reject(explain(error, doing))
    })
    ws.on('close', () => void socket.destroy())
    ws.once('open', () => {
      letGo()
      resolve(new WsLink(ws, remote))
    })
    function letGo(): void {
      cancelTimer()
      signal.removeEventListener('abort', onAbort)
    }
  })
}

function authorityOf({ host, port }: PeerUri): string {
  // The zone of an address means something on this machine only.
  const plain = host.replace(/%.*$/, '')
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
}

function explain(error: Error, doing: string): YggdrasilError {
  // What is no HTTP at all has a code of the parser, what is another HTTP has none.
  const isNoHttp = 'code' in error && typeof error.code === 'string' && error.code.startsWith('HPE_')
  if ('code' in error && !isNoHttp) return dialError(error, doing)
  return new YggdrasilError(
    'handshake',
    `${doing}: ${error.message}: expected a WebSocket with the subprotocol ${SUBPROTOCOL}, check host, port and path`,
    { cause: error },
  )
}
