import type { Clock } from '@mimirjs/transport'
import { YggdrasilError } from '../error.js'
import type { LinkDriver, PeerUri } from './types.js'
import { WebLink, type WebSocketLike } from './web-link.js'
import { SUBPROTOCOL } from './websocket.js'

export interface BrowserDriverOptions {
  readonly clock: Clock
  /** Default: the global one. */
  readonly WebSocket?: WebSocketClass | undefined
}

/** What is used of the class that browsers, and newer runtimes, have. */
export type WebSocketClass = new (url: string, protocols: string[]) => WebSocketLike

/** What a browser can: dial `ws` and `wss`, to listeners that let its page in (`origin=`). yggdrasil protocol §2.4 */
export function browserDrivers({ clock, WebSocket = globalWebSocket() }: BrowserDriverOptions): LinkDriver[] {
  if (WebSocket === undefined) return []
  return [
    {
      schemes: ['ws', 'wss'],
      dial: (uri, signal, timeoutMs) => dialWeb(uri, signal, timeoutMs, clock, WebSocket),
    },
  ]
}

function globalWebSocket(): WebSocketClass | undefined {
  return (globalThis as { WebSocket?: WebSocketClass }).WebSocket
}

function dialWeb(
  uri: PeerUri,
  signal: AbortSignal,
  timeoutMs: number,
  clock: Clock,
  WebSocket: WebSocketClass,
): Promise<WebLink> {
  const doing = `dial ${uri.id}`
  const aborted = (): YggdrasilError => {
    return new YggdrasilError('aborted', `${doing}: given up`, { cause: signal.reason })
  }
  if (signal.aborted) return Promise.reject(aborted())
  return new Promise((resolve, reject) => {
    const ws = opened(uri, doing, WebSocket)
    ws.binaryType = 'arraybuffer'
    ws.onerror = () => {}
    const fail = (error: YggdrasilError): void => {
      letGo()
      reject(error)
      ws.close()
    }
    const onAbort = (): void => fail(aborted())
    signal.addEventListener('abort', onAbort)
    const cancelTimer = clock.schedule(() => {
      fail(new YggdrasilError('timeout', `${doing}: no answer within ${timeoutMs} ms`))
    }, timeoutMs)
    ws.onclose = ({ code, reason }) => fail(unreachable(doing, code, reason))
    ws.onopen = () => {
      if (ws.protocol !== SUBPROTOCOL) {
        fail(
          new YggdrasilError('handshake', `${doing}: what answers does not speak ${SUBPROTOCOL}: check host and path`),
        )
        return
      }
      letGo()
      resolve(new WebLink(ws, uri.id, clock))
    }
    function letGo(): void {
      cancelTimer()
      signal.removeEventListener('abort', onAbort)
      ws.onopen = null
      ws.onclose = null
    }
  })
}

function opened({ scheme, host, port, path }: PeerUri, doing: string, WebSocket: WebSocketClass): WebSocketLike {
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  try {
    return new WebSocket(`${scheme}://${authority}${path}`, [SUBPROTOCOL])
  } catch (cause) {
    throw new YggdrasilError(
      'unsupported',
      `${doing}: this page may not open it: one that was loaded over https can dial wss:// only`,
      { cause },
    )
  }
}

/** Pages are not told why, lest they look around in the network of their user. */
function unreachable(doing: string, code: number, reason: string): YggdrasilError {
  const hint = 'check host and port, for wss:// the certificate, and that the listener lets this page in (origin=)'
  return new YggdrasilError(
    'unreachable',
    `${doing}: no connection (${code}${reason === '' ? '' : ` ${reason}`}): ${hint}`,
  )
}
