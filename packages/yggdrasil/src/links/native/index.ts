import type { Clock } from '@mimirjs/transport'
import type { LinkLimits } from '../../limits.js'
import type { LinkDriver } from '../types.js'
import { socketDriver } from './sockets.js'
import { webSocketDriver } from './web-sockets.js'

export interface NativeDriverOptions {
  /** Of the node, 32 bytes, secret: TLS listeners show a certificate with its key. */
  readonly seed: Uint8Array
  readonly clock: Clock
  readonly limits: Pick<LinkLimits, 'handshakeMs' | 'webSocketMessageBytes'>
}

/** What Node can: `tcp`, `tls`, `unix`, `ws`, and `wss` to dial. */
export function nativeDrivers({ seed, clock, limits }: NativeDriverOptions): LinkDriver[] {
  return [
    socketDriver({ seed, clock, handshakeMs: limits.handshakeMs }),
    webSocketDriver({ clock, messageBytes: limits.webSocketMessageBytes }),
  ]
}
