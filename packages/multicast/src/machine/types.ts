import type { MulticastError } from '../error.js'
import type { MulticastLimits } from '../limits.js'

/** Where a node listens. */
export interface Place {
  /** 16 bytes; IPv4 as `::ffff:a.b.c.d`. */
  readonly group: Uint8Array
  readonly port: number
}

/** Somebody to talk to: a key that is certain, and where its owner is thought to listen. */
export interface PeerAddress extends Place {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
}

/** `hardened`: multicast protocol §7.2 and §8.2. `original`: only what the original programs check (§7.1, §8.1). */
export type MachineMode = 'hardened' | 'original'

/**
 * What the application thinks of a key that declares its address. `ask`: it is told by `MachineHost.peer`, and
 * says yes by `MulticastMachine.learn`, then or later.
 */
export type PolicyAnswer = 'accept' | 'ignore' | 'ask'

export type SessionRole = 'initiator' | 'responder'

/**
 * `opening`: no response yet, or (as the responder) no data yet. `open`: the response came, so data may be sent.
 * `confirmed`: data came that only the other side can have made. `closed`: for good.
 */
export type SessionState = 'opening' | 'open' | 'confirmed' | 'closed'

/** One session, to be read; the machine alone changes it. */
export interface MachineSession {
  /** 16 bytes. */
  readonly id: Uint8Array
  /** The other side's Ed25519 key, 32 bytes. */
  readonly peer: Uint8Array
  readonly role: SessionRole
  readonly state: SessionState
  /** Where everything of this session goes; fixed when it was made. */
  readonly places: readonly Place[]
  /** Messages received: what was delivered, and answers. */
  readonly received: number
  /** Messages sent; repeats of the same bytes count once. */
  readonly sent: number
  /** Called once, when a session that we open becomes `open`. To be set right after `connect`. */
  onOpen: (() => void) | undefined
}

/** What a message may be answered with. */
export interface Answer {
  /**
   * Once, now or later; sent at once, and again whenever the same packet comes again. Does nothing when the session is
   * closed by then.
   * @throws {MulticastError} `too-large` | `misuse` for the second time
   */
  send(payload: Uint8Array): void
}

/** What the machine needs, and whom it tells. All calls come from inside a call of the machine or of `done`. */
export interface MachineHost {
  /**
   * The bytes are the host's from then on; they may be given for several places, one call each.
   * @param isRare - one of few, openings and repeats: asking what became of it costs nothing that counts
   */
  send(bytes: Uint8Array, to: Place, isRare?: boolean): void
  /**
   * Sign with the key of the machine. `done` is called once, at once or later, with 64 bytes or with `undefined` when
   * that cannot be; look at `deadlineMs` again afterwards. Several may be under way, and end in any order.
   */
  sign(message: Uint8Array, done: (signature: Uint8Array | undefined) => void): void
  /** Fresh bytes from a secure source. */
  randomBytes(sizeBytes: number): Uint8Array
  /** A key that nobody knows yet proved that it declared this place, and the policy says `ask`. */
  peer?(peer: PeerAddress): void
  /** An incoming session had its first authentic data, which is delivered right afterwards. */
  session(session: MachineSession): void
  /** @param payload - nobody else's; may be kept */
  message(session: MachineSession, payload: Uint8Array, answer: Answer): void
  /** Asked before anything else is done with a payload: `true` takes it, so that it answers no request. */
  claims?(session: MachineSession, payload: Uint8Array): boolean
  /** Once for each session told by `session` or made by `connect`; without an error when it was idle or closed here. */
  closed(session: MachineSession, error?: MulticastError): void
}

export interface MachineOptions {
  /** Our own Ed25519 key, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Where we listen: this is what we declare. */
  readonly place: Place
  readonly mode?: MachineMode | undefined
  readonly limits?: Partial<MulticastLimits> | undefined
  /**
   * Asked for each declaration of a key that was not learned, before its signature is checked. Without one, unknown keys
   * are `ask` in `hardened` mode and `accept` in `original` mode.
   */
  readonly policy?: ((publicKey: Uint8Array, place: Place) => PolicyAnswer) | undefined
  /** Accept groups of narrower scopes as well (§2.4). */
  readonly extraScopes?: boolean | undefined
  /** The unit of all repeats, in ms: 1000. */
  readonly unitMs?: number | undefined
  /** How often an opening is sent before it fails: 20. */
  readonly attempts?: number | undefined
}
