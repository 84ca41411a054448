import { MemoryDatagrams } from './memory/datagrams.js'
import { MemoryStreams } from './memory/streams.js'
import type { DatagramTransport, StreamTransport } from './types.js'

export interface MemoryNetworkOptions {
  /** Undelivered bytes of one direction after which `write` returns `false`. Default 65 536. */
  highWaterMarkBytes?: number
  /** Longest datagram, in bytes. Default 65 507, as over IPv4. */
  maxDatagramBytes?: number
}

export interface MemoryNetwork {
  /** Streams between `memory://name` addresses of this network. */
  readonly streams: StreamTransport
  /** Datagrams between `memory://name` addresses of this network; names are separate from those of streams. */
  readonly datagrams: DatagramTransport
}

/**
 * A network inside this process, for tests and for parts of one program: scheme `memory`, addresses `memory://name`.
 * It behaves like a fast, faultless TCP and UDP; each delivery takes a turn of the event loop. Networks know nothing
 * of each other.
 */
export function createMemoryNetwork({
  highWaterMarkBytes = 65_536,
  maxDatagramBytes = 65_507,
}: MemoryNetworkOptions = {}): MemoryNetwork {
  return { streams: new MemoryStreams(highWaterMarkBytes), datagrams: new MemoryDatagrams(maxDatagramBytes) }
}
