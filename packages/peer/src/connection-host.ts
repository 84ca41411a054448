import type { Signer } from '@mimirjs/crypto'
import type { ByteStream, Clock, Logger } from '@mimirjs/transport'
import type { PeerConnection } from './connection.js'
import type { Closable } from './data/lane-stream.js'
import type { DeadlineWheel } from './deadline-wheel.js'
import type { PeerError } from './error.js'
import type { SessionContext } from './session-context.js'
import type { ConnectionHandlers } from './types.js'

/** What a connection needs from the peer it belongs to. */
export interface ConnectionHost {
  readonly context: SessionContext
  readonly clock: Clock
  readonly wheel: DeadlineWheel
  readonly signer: Signer
  readonly logger: Logger | undefined
  /** May we sign for this identity, and so often? */
  mayProve(connection: PeerConnection, remotePublicKey: Uint8Array, isBound: boolean): PeerError | undefined
  /** The connection is READY; the handlers are those of the application. */
  ready(connection: PeerConnection): ConnectionHandlers
  /** Nothing is on its way without OK any more. */
  quiet(): void
  /** The session is over, READY or not. */
  over(connection: PeerConnection, error: PeerError | undefined): void
  /** The stream is gone too. */
  gone(connection: PeerConnection): void
  /** From now on data streams of this connection may come, with this token. */
  expectData(connection: PeerConnection, token: Uint8Array): void
  /** An OK came here for a message that was not written here. */
  strayOk(connection: PeerConnection, guid: bigint): void
  dial(address: string, signal: AbortSignal): Promise<ByteStream>
  /** A stream has to be closed before the peer is; and it is closed. */
  opened(stream: Closable): void
  closed(stream: Closable): void
}

/** Whom a connection is to lead to, and where it was dialled; makes this side the initiator. */
export interface DialTarget {
  readonly remotePublicKey: Uint8Array
  readonly address: string
}
