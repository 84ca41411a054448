import type { Signer } from '@mimirjs/crypto'
import type { Clock, Listener, Logger, TransportError, Transports } from '@mimirjs/transport'
import type { Generation } from '@mimirjs/wire'
import type {
  CallAnswerFrame,
  CallOfferFrame,
  CallPacketFrame,
  ContactRequestFrame,
  DataHeader,
  FileRequestFrame,
  FrameLimits,
  InfoResponseFrame,
  SignalFrame,
  TextFrame,
} from '@mimirjs/wire/peer'
import type { CallState } from './call-table.js'
import type { PeerError } from './error.js'
import type { PeerLimits } from './limits.js'
import type { SessionTimers } from './timers.js'

export type Role = 'initiator' | 'acceptor'

/** A message to be sent. `payload` is handed on by reference when it is large: do not change it before the OK. */
export type OutgoingMessage = Omit<TextFrame, 'type'>

/** A profile to be sent in answer to an INFO_REQUEST. */
export type OutgoingInfo = Omit<InfoResponseFrame, 'type'>

/** Signalling and audio of a call (peer protocol §9.3). */
export type CallFrame =
  | CallOfferFrame
  | CallAnswerFrame
  | CallPacketFrame
  | (SignalFrame & { readonly type: 'callHang' })

/** A request to be taken as a contact, with our own profile. */
export type OutgoingContactRequest = Omit<ContactRequestFrame, 'type'>

/** The part of a file that is asked for. */
export interface FileRange {
  /** Where it begins, in bytes. */
  readonly offset: number
  /** Most bytes of it; the end of the file may come before. */
  readonly maxBytes: number
}

/** "Send me this file", or with `range` a part of it, which only programs of this family understand. */
export interface OutgoingFileRequest {
  /** guid of the message that announced the file. */
  readonly guid: bigint
  /** The `name` of the announcement. */
  readonly name: string
  /** SHA-256 of the file, 64 hex digits. */
  readonly hash: string
  readonly range?: FileRange
}

/** A request for a file that we announced; its name is hostile input. */
export type IncomingFileRequest = FileRequestFrame & { readonly range?: FileRange }

/** A message whose payload is made while it goes out, on the data stream. */
export interface OutgoingData extends Omit<OutgoingMessage, 'payload'> {
  /** Length of the payload, at most `MAX_DATA_BYTES`. */
  readonly dataBytes: number
  /**
   * The payload, exactly `dataBytes` in all, in pieces of any size. It is pulled as the stream drains. Each piece is
   * handed on by reference: do not change it afterwards.
   */
  readonly source: AsyncIterable<Uint8Array>
  /** So many bytes of the payload were handed to the network. */
  onProgress?(sentBytes: number): void
  /**
   * Once: all of it was handed to the network, or why not: `handler` (the source failed), `message` (it was not
   * `dataBytes` long), `transport` or `timeout` (the data stream was lost), or what ended the connection.
   */
  done?(error?: PeerError): void
}

/** Where the bytes of a file go. What it throws, or a promise of it rejects with, makes the rest of the file be skipped. */
export interface DataSink {
  /**
   * The next bytes. The view is valid during the call, and until the promise settles if one is returned; that also holds
   * the data stream back.
   */
  write(bytes: Uint8Array): void | Promise<void>
  /** All of it came. Acknowledge with {@link Connection.acknowledge} when it is safe, else {@link Connection.refuse}. */
  end(): void
  /**
   * It will not come whole; there is nothing to acknowledge. Instead of {@link end}, and never while a promise of
   * {@link write} is open: so it may come after the connection was reported as closed.
   */
  failed(error: PeerError): void
}

/** An authenticated connection to an identity. It exists from READY on: nobody sees one before both sides proved themselves. */
export interface Connection {
  /** Counts up per peer; larger is newer. */
  readonly id: number
  /** 32-byte identity key that the other side proved to hold. */
  readonly remotePublicKey: Uint8Array
  /** Address URL of the other end, as the transport reports it. */
  readonly remoteAddress: string
  /** Number of the other side's installation; only an acceptor learns it, and it is a hint, never an identity. */
  readonly remoteClientId: number | undefined
  readonly role: Role
  readonly generation: Generation
  /** Milliseconds from the open stream to READY. */
  readonly handshakeMs: number
  /**
   * The challenge of the other side was bound to both identities and both transport addresses as seen from here, so
   * nobody relays between us (peer protocol §12.3). Always `false` towards the original clients.
   */
  readonly channelBound: boolean
  /**
   * The other side is of this family of programs: it issued a bound challenge, so it takes the frames that are ours
   * alone. Always `false` towards the original clients.
   */
  readonly extended: boolean
  readonly closed: boolean
  /** How many more messages {@link send} takes now, with payloads that go on the control stream. */
  readonly window: number
  readonly callState: CallState
  /**
   * How many more messages with a payload of so many bytes are taken now. In the current generation payloads above
   * `MAX_CONTROL_PAYLOAD_BYTES`, and whatever {@link sendData} is given, go one at a time on the data stream.
   */
  windowFor(payloadBytes: number): number
  /**
   * Write one message. It counts as delivered when `acknowledged` is called with its guid.
   * @throws {PeerError} `window-full` | `closed` | `duplicate-guid` | `message`
   */
  send(message: OutgoingMessage): void
  /**
   * Write one message on the data stream, its payload from a source. It takes the place of one large message in
   * {@link windowFor}. @throws {PeerError} `window-full` | `closed` | `duplicate-guid` | `message` | `unsupported`
   */
  sendData(message: OutgoingData): void
  /** Write OK(guid). Call it only when the message is durable: the other side never repeats an acknowledged message. */
  acknowledge(guid: bigint): void
  /**
   * Give up a message without OK: its sender repeats it on a later connection. Each message handed out must be
   * acknowledged or refused, for reading pauses while too many are neither.
   */
  refuse(guid: bigint): void
  /** Ask for the profile, if it changed after `sinceSeconds` (seconds since 1970; 0n for never received). Once per connection. */
  requestInfo(sinceSeconds: bigint): void
  /**
   * Answer an INFO_REQUEST. Do not call it when nothing changed: silence is the answer then, and also what becomes of
   * this one while the other side does not read. @throws {PeerError} `closed` | `message`
   */
  sendInfo(info: OutgoingInfo): void
  /**
   * Write a call frame. @throws {PeerError} `call-state` | `closed` | `message`
   * @returns false for sound that was dropped because the stream does not drain
   */
  sendCall(frame: CallFrame): boolean
  /** Ask to be a contact. @throws {PeerError} `closed` | `message` | `unsupported` outside the current generation */
  sendContactRequest(request: OutgoingContactRequest): void
  /** Answer somebody who asked. @throws {PeerError} `closed` | `unsupported` */
  sendContactResponse(accepted: boolean): void
  /**
   * Ask for a file that was announced; with a `range` for a part of it, which only an {@link extended} side understands.
   * @throws {PeerError} `closed` | `message` | `unsupported`
   */
  requestFile(request: OutgoingFileRequest): void
  /**
   * PING now; resolves when the PONG came, rejects with what ended the connection: `timeout` after `pongMs` without any
   * sign of life (longer while large messages are on their way). Rejects with `unsupported` in the classic generation,
   * which knows no PONG.
   */
  probe(): Promise<void>
  /** Write out what is pending and close. What was not acknowledged by then counts as not delivered. */
  close(): void
  /** Cut the connection and drop what is pending. */
  abort(): void
}

/**
 * What the application does with a connection. All are called from the event loop; whatever one throws, or a promise
 * it returns rejects with, closes the connection with `handler`.
 */
export interface ConnectionHandlers {
  /** A message arrived. Its bytes are views that are valid only during the call. */
  message(message: TextFrame): void
  /** The other side has the message, or the file that was asked for with its guid. Called once for each. */
  acknowledged(guid: bigint): void
  /**
   * The other side is alive and stays silent about this message: refused for now. It has left the window. So has one from
   * a source whose data stream broke behind its last byte.
   */
  unanswered?(guid: bigint): void
  /** {@link Connection.window}, or {@link Connection.windowFor} large payloads, was 0 and is not any more. */
  writable?(): void
  /** The other side asks for our profile: answer with {@link Connection.sendInfo} if it changed after this second. */
  infoRequest?(sinceSeconds: bigint): void
  /** The profile that was asked for. */
  info?(info: InfoResponseFrame): void
  /** A call frame that is legal in the state of the call. */
  call?(frame: CallFrame): void
  /** The other side wants to be a contact of ours. Of these and of responses together, eight are handed out in 10 s. */
  contactRequest?(request: ContactRequestFrame): void
  /** The answer to a contact request: believe it only if you asked. */
  contactResponse?(accepted: boolean): void
  /**
   * The other side asks for a file. Send it with {@link Connection.sendData} if you announced it to them, else ignore it.
   * They may ask as often as they like: bound what you queue.
   */
  fileRequest?(request: IncomingFileRequest): void
  /**
   * A large message is coming: its header, before anything is kept of the rest. `false` has it skipped without OK. Default:
   * every one is wanted, up to the ceilings.
   */
  large?(header: DataHeader): boolean
  /**
   * A file is coming: a data frame of type 4001. Say where it goes, or `undefined` to have it skipped without OK. Small
   * ones come as `message`.
   */
  file?(header: DataHeader): DataSink | undefined
  /** Called once, last. `error` is absent after an orderly end. */
  closed(error?: PeerError): void
}

/** What is known when {@link PeerOptions.authorize} is asked. */
export interface AuthorizeContext {
  /** `inbound`: they came to us and proved their identity. `outbound`: we dialled them and they have yet to prove it. */
  readonly direction: 'inbound' | 'outbound'
  readonly remoteAddress: string
}

export interface ChallengePolicy {
  /**
   * Issue challenges bound to identities and transport addresses (peer protocol §12.3). Default `false`, in the current
   * generation `true`: see {@link Connection.extended}.
   */
  bound?: boolean
  /**
   * As initiator, refuse to sign a challenge that is a curve point, unless it is bound: it could be a node key that
   * somebody wants announced in our name. About every second attempt at an original client then fails. Default `false`.
   */
  strict?: boolean
  /** Refuse unbound challenges of this identity. */
  requireBound?(remotePublicKey: Uint8Array): boolean
  /** Refuse a challenge that means something elsewhere in this process: a node key, a login nonce in use. */
  refuse?(challenge: Uint8Array): boolean
}

export interface PeerOptions {
  /** The identity of this peer. */
  signer: Signer
  transports: Transports
  /** Signed 32-bit number of this installation, not 0, kept for its life. */
  clientId: number
  /** Default `'classic'`. */
  generation?: Generation
  /** Called once per connection, at READY. */
  onConnection(connection: Connection): ConnectionHandlers
  /** A listener failed after it was open; it is closed. The connections it took go on. */
  onListenerError?(listener: Listener, error: TransportError): void
  /** Asked before anything is signed for an identity. Default: everybody. */
  authorize?(remotePublicKey: Uint8Array, context: AuthorizeContext): boolean
  challenges?: ChallengePolicy
  limits?: Partial<PeerLimits>
  /** Ceilings of single frames, in bytes. */
  frames?: Partial<FrameLimits>
  timers?: Partial<SessionTimers>
  /** Default: the system's timers and a clock that never goes back. */
  clock?: Clock
  /** Cryptographically strong random bytes. */
  random?(byteLength: number): Uint8Array
  /** Silent by default. */
  logger?: Logger
}

export interface ConnectOptions {
  /** Give up waiting; the dial itself goes on while somebody else waits for it. */
  signal?: AbortSignal
}

export interface PeerCloseOptions {
  /** Milliseconds to wait for outstanding acknowledgements and orderly ends. Default 5 000. */
  timeoutMs?: number
}
