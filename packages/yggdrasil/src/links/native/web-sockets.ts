import type { Clock } from '@mimirjs/transport'
import type { LinkDriver } from '../types.js'
import { dialWebSocket } from './ws-dial.js'
import { listenWebSocket } from './ws-listen.js'

export interface WebSocketDriverOptions {
  readonly clock: Clock
  /** Longest message received, in bytes. */
  readonly messageBytes: number
}

/** Links over `ws` and, dialling only, `wss`. */
export function webSocketDriver({ clock, messageBytes }: WebSocketDriverOptions): LinkDriver {
  return {
    schemes: ['ws', 'wss'],
    dial: (uri, signal, timeoutMs) => dialWebSocket(uri, { clock, signal, timeoutMs }, messageBytes),
    listen: (uri, handlers) => listenWebSocket(uri, handlers, messageBytes),
  }
}
