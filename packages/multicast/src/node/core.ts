import type { Clock, Logger } from '@mimirjs/transport'
import type { MulticastAddress } from '../address/index.js'
import type { MulticastError } from '../error.js'

/** Takes the payloads that begin with a label, whatever session they come by. */
export interface PayloadHandler {
  /**
   * @param peer - 32 bytes, proven by the session; may be kept
   * @param payload - with its label; a view that is valid only during the call
   */
  payload(peer: Uint8Array, payload: Uint8Array): void
  /** The node has closed, or its socket failed: nothing can be sent any more. Called once. */
  closed(error?: MulticastError): void
}

/**
 * What the stream layer sees of a node: peers by their keys, whatever sessions there are with them. Sessions that carry
 * labelled payloads are kept apart from those that programs use for requests, and are renewed before their message
 * limit (multicast protocol §10) by the side that opened them.
 */
export interface NodeCore {
  readonly publicKey: Uint8Array
  /** `mp2p://…` of this node. */
  readonly address: string
  readonly clock: Clock
  /** Longest payload of one message, in bytes, label included. */
  readonly maxPayloadBytes: number
  readonly logger: Logger | undefined
  randomBytes(sizeBytes: number): Uint8Array
  /**
   * Take payloads that begin with `label`; one handler at a time. Without one they are plain data.
   * @returns a function that takes the handler off again; `closed` is not called by it
   * @throws {MulticastError} `misuse` when there is one | `closed`
   */
  attach(label: Uint8Array, handler: PayloadHandler): () => void
  /**
   * Send to a peer over the best session with it: multicast protocol §9. `payload` may be reused afterwards.
   * @returns `false` when there is no session to send over: it is lost, see {@link ensureSession}
   * @throws {MulticastError} `too-large`
   */
  sendTo(peer: Uint8Array, payload: Uint8Array): boolean
  /** Whether {@link sendTo} would find a session. */
  canSendTo(peer: Uint8Array): boolean
  /**
   * Open a session with this peer unless there is one that can be sent over; calls for the same peer share one opening.
   * @param options - `fresh`: open a new one in any case, because the other side does not seem to know the one there is
   * @throws {MulticastError} `no-response` | `aborted` | `closed` | `limit` | `bad-address`
   */
  ensureSession(
    address: MulticastAddress,
    options?: { readonly signal?: AbortSignal | undefined; readonly fresh?: boolean },
  ): Promise<void>
  /** Where a peer was reached last, or declared itself last; `undefined` for one that is not known. */
  addressOf(peer: Uint8Array): MulticastAddress | undefined
}
