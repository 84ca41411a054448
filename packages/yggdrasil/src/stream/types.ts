import type { StreamLimits } from '../limits.js'
import type { StreamConnection } from './connection.js'
import type { StreamStack } from './stack.js'

/** Where the packets of a {@link StreamStack} go. */
export interface StreamOutput {
  /**
   * Send one packet to a node. `packet` is a view of a buffer that is used again: copy what outlives the call.
   * @returns `false`: taken, but the way there is full. Nothing but control packets follows for this key until
   * {@link StreamStack.drained}; without that call the stack tries again by itself after a while.
   */
  send(remote: Uint8Array, packet: Uint8Array, nowMs: number): boolean
}

export interface StreamStackOptions {
  /** Ours, 32 bytes: what is sent to it comes back without leaving the stack. */
  readonly publicKey: Uint8Array
  readonly output: StreamOutput
  /** A whole number from 0 to 65,535, any of them equally likely. */
  randomPort(): number
  readonly limits?: Partial<StreamLimits>
  /**
   * Whether a local port may be used. Default: all. A node that also takes raw packets has to refuse those whose first
   * byte would be taken for theirs. yggdrasil protocol §9.1
   */
  isPortAllowed?(port: number): boolean
  /** Told what a callback of the application threw. Default: thrown on. */
  onThrow?(error: unknown): void
}

/** Why a connection ended without order. */
export type StreamFailure =
  | 'refused' // nobody listens there
  | 'reset' // cut by the other side
  | 'timeout' // no answer to the opening, or none for 30 s to what was sent
  | 'aborted' // cut by this side
  | 'too-long' // more than 2^32 - 2 bytes in one direction

/** Where a connection stands, in the words of TCP. yggdrasil protocol §10.7 */
export type StreamState =
  | 'syn-sent'
  | 'syn-received'
  | 'established'
  | 'fin-wait-1'
  | 'fin-wait-2'
  | 'close-wait'
  | 'closing'
  | 'last-ack'
  | 'time-wait'
  | 'closed'

/**
 * What a connection tells. Only ever called from inside `receive` or `advance` of the stack, never from inside a call to
 * the connection, and nothing after `closed`.
 */
export interface StreamEvents {
  /** The other side has accepted. Only for connections opened by `connect`. */
  opened?(): void
  /** Bytes in order; a view that is valid only during the call. */
  data(chunk: Uint8Array): void
  /** The other side ended its direction. */
  end(): void
  /** Writes are welcome again after one returned `false`. */
  drain(): void
  /** Once, last. Without a failure after both directions ended in order. */
  closed(failure?: StreamFailure): void
}

/** Takes connections to a port of ours, each when it is open. It has to `attach` to it or to abort it, soon. */
export type ConnectionHandler = (connection: StreamConnection, nowMs: number) => void

/**
 * Takes the datagrams to a port of ours. Both are views that are valid only during the call. An answer goes to the same
 * port number, as the originals do. yggdrasil protocol §10.8
 */
export type DatagramHandler = (remote: Uint8Array, bytes: Uint8Array, nowMs: number) => void

/** Counters and sizes of a stack, all bounded by the limits. */
export interface StreamStats {
  /** Connections that are neither closed nor about to be forgotten. */
  readonly open: number
  /** All that is held in the table. */
  readonly connections: number
  readonly halfOpen: number
  /** Bytes that came and were not read, those behind gaps included. */
  readonly heldBytes: number
  readonly packetsSent: number
  readonly packetsReceived: number
  /** Data bytes sent the first time, and again. */
  readonly bytesSent: number
  readonly bytesResent: number
  readonly bytesReceived: number
  readonly resetsSent: number
  /** Packets that were ignored: too short, beyond a window, beyond a limit, acknowledging what was never sent. */
  readonly ignored: number
}

/**
 * What the adapters (`ByteStream`, `DatagramSocket`, transports) need of the node that drives a stack. Its owner calls
 * `stack.receive` for every packet, `stack.advance` when `stack.nextDeadlineMs` has come, and `stack.drained`.
 */
export interface StreamHost {
  readonly stack: StreamStack
  /** The time that the stack is driven with. */
  nowMs(): number
  /**
   * The stack has work: call `advance` soon, as a microtask or later but never from inside this call, and then set the
   * timer anew by `nextDeadlineMs`. Cheap to call often.
   */
  wake(): void
}
