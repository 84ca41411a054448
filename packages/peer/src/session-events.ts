import type { ContactRequestFrame, DataHeader, InfoResponseFrame, TextFrame } from '@mimirjs/wire/peer'
import type { PeerError } from './error.js'
import type { ProvenIdentity } from './identity.js'
import type { CallFrame, DataSink, IncomingFileRequest } from './types.js'

/** What a session tells its owner. All are called from inside the call that caused them. */
export interface SessionEvents {
  /**
   * May we prove ourselves to this identity? An error closes the session with it. Asked once, before `onSign`.
   * @param isBound - the challenge is of use on this connection only
   */
  onProve(remotePublicKey: Uint8Array, isBound: boolean): PeerError | undefined
  /** Sign these 32 bytes and answer with {@link Session.signed}, now or later. */
  onSign(challenge: Uint8Array): void
  /** What data streams of this connection show, where the network proves no node keys; before or with `onReady`. */
  onToken(token: Uint8Array): void
  onReady(identity: ProvenIdentity): void
  onMessage(message: TextFrame): void
  /** A file begins on the data stream. */
  onLarge(header: DataHeader): boolean
  onFile(header: DataHeader): DataSink | undefined
  onAcknowledged(guid: bigint): void
  /** An OK for a message that was not written here. */
  onStrayOk(guid: bigint): void
  onUnanswered(guid: bigint): void
  /**
   * The message on the data stream is done with, if all of it was written.
   * @param isDelivered - it has its OK
   */
  onDataSettled(isDelivered: boolean): void
  onWritable(): void
  onInfoRequest(sinceSeconds: bigint): void
  onInfo(info: InfoResponseFrame): void
  onCall(frame: CallFrame): void
  onContactRequest(request: ContactRequestFrame): void
  onContactResponse(accepted: boolean): void
  onFileRequest(request: IncomingFileRequest): void
  /** The other side wants a data stream to write on. */
  onStreamWanted(): void
  /** The PONG that answers our last PING. */
  onPong(): void
  /** Once, and last. Without an error the end is orderly: what was written may still go out. */
  onClosed(error: PeerError | undefined): void
}
