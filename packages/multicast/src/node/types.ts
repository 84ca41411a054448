import type { DatagramSocket } from '@mimirjs/transport'
import type { MulticastError } from '../error.js'

export interface RequestOptions {
  /** Gives up at once; the request may have been sent all the same. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A session with one peer: encrypted both ways, both keys proven. Messages can be lost and come in another order, never
 * twice. Multicast protocol §8
 */
export interface MulticastSession {
  /** 16 bytes; everybody can see them. */
  readonly id: Uint8Array
  /** The other side's Ed25519 key, 32 bytes. */
  readonly peer: Uint8Array
  /** Where the other side listens: `mp2p://KEY@[group]:port`. */
  readonly address: string
  /** `initiator`: this side opened it. */
  readonly role: 'initiator' | 'responder'
  /** `open`: the other side answered the opening. `confirmed`: it has shown that it holds the key of the session. */
  readonly state: 'opening' | 'open' | 'confirmed' | 'closed'
  /** Messages that were authentic and new. */
  readonly received: number
  /** Messages sent, without repetitions. */
  readonly sent: number
  /** Messages that nobody answers. Once it is started, what the other side sends goes there, and not to `answer`. */
  readonly datagrams: DatagramSocket
  /** Resolves when the session is closed: with what ended it, or `undefined` after {@link close}. */
  readonly closed: Promise<MulticastError | undefined>
  /**
   * Send a message and wait for the one that answers it; the message is repeated after 1, 2, 3, 4 and 5 units. One request
   * at a time is on its way, the others wait: the protocol has no number that ties answer to request.
   * @returns the answer, the caller's to keep
   * @throws {MulticastError} `no-answer` | `too-large` | `closed` | `limit` | `aborted`
   */
  request(payload: Uint8Array, options?: RequestOptions): Promise<Uint8Array>
  /** Forget it. The other side is not told: the protocol has no word for it. */
  close(): void
}

/**
 * Answers messages of others. `payload` is the handler's to keep. What it returns is sent back, and again when the same
 * message comes again; `undefined`: no answer.
 */
export type RequestHandler = (
  payload: Uint8Array,
  session: MulticastSession,
) => Uint8Array | undefined | Promise<Uint8Array | undefined>

/** What a node tells of itself. Rare events: messages come by {@link RequestHandler} and `session.datagrams`. */
export type MulticastNodeEvents = {
  /** Another node opened a session, and has shown with its first message that it holds the key of it. */
  session: MulticastSession
  /**
   * A key that is not known declared itself, with a good signature; again whenever it does so again, as who opens a
   * session does. {@link MulticastNode.addPeer} lets it in.
   */
  peer: PeerEvent
  /** Something that nobody waits for failed: a handler or listener threw, the signer refused, the socket broke, the
   * system did not send (once for each reason). */
  error: { readonly error: unknown }
}

export interface PeerEvent {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** What it declared: `mp2p://KEY@[group]:port`. */
  readonly address: string
}
