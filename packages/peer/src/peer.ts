import type { Listener } from '@mimirjs/transport'
import { PeerError } from './error.js'
import type { Connection, ConnectOptions, PeerCloseOptions, PeerOptions } from './types.js'

/** An identity on the network: it listens, dials, and keeps one table of authenticated connections. */
export class Peer {
  readonly options: PeerOptions

  constructor(options: PeerOptions) {
    this.options = options
  }

  listen(address: string): Promise<Listener> {
    return Promise.reject(new PeerError('unreachable', `cannot listen on ${address}: the peer is not wired up`))
  }

  connect(_remotePublicKey: Uint8Array, _addresses: readonly string[], _options?: ConnectOptions): Promise<Connection> {
    return Promise.reject(new PeerError('unreachable', 'cannot connect: the peer is not wired up'))
  }

  connection(_remotePublicKey: Uint8Array): Connection | undefined {
    return undefined
  }

  connections(): Connection[] {
    return []
  }

  close(_options?: PeerCloseOptions): Promise<void> {
    return Promise.resolve()
  }
}
