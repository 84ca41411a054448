import type { DeclineCode, SharedFrame, SignalledCandidate } from '@mimirjs/wire/rendezvous'
import type { RendezvousLimits } from '../limits.js'

/** Who makes the offer: whoever knocks. */
export type Role = 'offerer' | 'answerer'

/**
 * Where two people are on their way to each other (rendezvous protocol B9). The offerer goes `knocking`, `offering`,
 * `connecting`, `binding`, `open`; the answerer `prompting` (only when the user has to be asked), `waiting`,
 * `answering`, `binding`, `open`. `closed` is for good.
 */
export type AttemptState =
  | 'knocking'
  | 'offering'
  | 'connecting'
  | 'prompting'
  | 'waiting'
  | 'answering'
  | 'binding'
  | 'open'
  | 'closed'

/** Why an attempt or a link is over. */
export type CloseCode =
  | 'declined' // the other user, or his program, does not want
  | 'no-answer' // nobody answered the knock
  | 'missed' // the question to the user was not answered in time, or withdrawn
  | 'refused' // our user does not want
  | 'timeout' // the other side stopped in the middle
  | 'hangup' // the other side gave up
  | 'failed' // WebRTC failed, or found no path
  | 'unsupported' // there is no WebRTC here
  | 'bind' // the other side did not prove who it is
  | 'fingerprint' // another certificate than the one that was signed
  | 'protocol' // the other side broke the rules of the channel
  | 'limit' // no more links fit
  | 'lost' // an open link fell silent, or its channel closed
  | 'bye' // an open link was ended by the other side, in order
  | 'replaced' // an open link whose peer came again
  | 'blocked' // by our user
  | 'closed' // by us

/** One attempt to meet somebody, which becomes the link with him. To be read; the machine alone changes it. */
export interface Attempt {
  /** Ed25519 key of the other side, 32 bytes. */
  readonly peer: Uint8Array
  readonly state: AttemptState
  /**
   * May change from `offerer` to `answerer` while nothing is open: when both sides knock at once, the one with the
   * smaller key goes on (B9.3).
   */
  readonly role: Role
  /** 16 bytes. Changes with the role, and when the other side begins anew. */
  readonly sid: Uint8Array
  /** The peer connection of this attempt, a number that is never used again; `undefined` before there is one. */
  readonly connection: number | undefined
  /** When it was begun, and when it was opened, in ms of the machine's clock. */
  readonly sinceMs: number
  readonly openedMs: number | undefined
  /** Whether an open link looks for new paths. */
  readonly isRestarting: boolean
  /** Why it is over. */
  readonly closeCode: CloseCode | undefined
  /** What the other side said about it: a `DeclineCode`, the code of a hangup or a bye. */
  readonly closeDetail: string | undefined
}

/** Somebody unknown knocks; nothing is sent to him before `RendezvousMachine.accept` (rendezvous protocol B9.2). */
export interface Knock {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** To be compared by the two users: six groups of four characters. */
  readonly fingerprint: string
  /** What he says that he is called, at most 64 characters. Nobody has verified it. */
  readonly name: string | undefined
  /** When the question is withdrawn, in ms since 1970. */
  readonly expiresMs: number
}

/** `accept`: a contact, let in without a question. `ask`: the user is asked. `ignore`: as if nobody was there. */
export type PolicyAnswer = 'accept' | 'ask' | 'ignore'

/** Why a server is not in use. */
export type ServerReason =
  | 'unreachable' // it could not be dialled, or not in time
  | 'unsupported' // there is no WebSocket here, or a page may not open this one
  | 'closed' // it closed the link, or the network did
  | 'timeout' // it fell silent, or did not finish the login
  | 'replaced' // a newer instance of our key is connected: only one may be
  | 'rate' // it says that we send too much
  | 'subprotocol' // it does not speak this protocol
  | 'name-mismatch' // it calls itself otherwise than we dialled it: it may forward our login to somebody else
  | 'login' // it does not accept our proof
  | 'malformed' // it sent what cannot be, or out of order
  | 'forged' // it relays what no honest server relays
  | 'flood' // it sends more than can be looked at

/**
 * How it stands with a server. `connecting`: being dialled, or logging in. `ready`: in use. `waiting`: will be dialled
 * again at `retryAtMs`. `left`: broke the rules, and is left alone for long.
 */
export interface ServerStatus {
  readonly url: string
  readonly state: 'connecting' | 'ready' | 'waiting' | 'left'
  /** Why it is not in use, or was not the last time. */
  readonly reason?: ServerReason | undefined
  /** When it is dialled again, in ms since 1970; Infinity when only the user can say (`replaced`). */
  readonly retryAtMs?: number | undefined
  /** How much its clock is ahead of ours, in ms; unknown before a login. */
  readonly clockOffsetMs?: number | undefined
}

/** What has to survive a restart, as plain JSON. */
export interface RendezvousState {
  /** The epoch of this instance: the next one takes a greater (rendezvous protocol B6). */
  readonly epoch: number
  /** Counters of contacts, so that nothing of old is taken for new: key in hex, epoch, highest counter (B7). */
  readonly contacts: readonly (readonly [publicKey: string, epoch: number, ctr: number])[]
}

/** What WebRTC says about a connection. */
export type ConnectionState = 'connected' | 'disconnected' | 'failed'

/** The peer connections, by number. The calls for one are to be carried out in this order, each after the one before. */
export interface RtcHost {
  /**
   * Make an offer, gather for at most `gatherMs`, and give it to `RendezvousMachine.described`; candidates that
   * come later to `RendezvousMachine.localCandidates`.
   * @param isRestart - on the connection that there is, with new paths; else on a new one with its channel
   */
  offer(connection: number, isRestart: boolean): void
  /** The same for an answer. @param isRestart - on the connection that there is */
  answer(connection: number, sdp: string, isRestart: boolean): void
  /** The other side's answer to the last offer. */
  setAnswer(connection: number, sdp: string): void
  /** Of the other side, for the description given last. @param isEnd - there will be no more */
  addCandidates(connection: number, candidates: readonly SignalledCandidate[], isEnd: boolean): void
  /**
   * The machine will not name this connection again.
   * @param isOrderly - what was given to `channelText` is to reach the other side first, in a time of the host's
   */
  close(connection: number, isOrderly: boolean): void
}

/** What the machine needs, and whom it tells. All calls come from inside a call of the machine or of `done`. */
export interface MachineHost {
  readonly rtc: RtcHost
  /**
   * What the wall clock shows when the clock of the machine shows this, unless somebody sets it: whole ms since 1970, Infinity
   * for Infinity. For dates that others are told, or tell.
   */
  wallMs(timeMs: number): number
  /**
   * Sign with the key of the machine. `done` is called once, at once or later, with 64 bytes or with `undefined` when
   * that cannot be; look at `nextDeadlineMs` again afterwards. One at a time is under way. See `signWith`.
   */
  sign(message: Uint8Array, done: (signature: Uint8Array | undefined, nowMs: number) => void): void
  /** Fresh bytes from a secure source. */
  randomBytes(sizeBytes: number): Uint8Array
  /** Whether somebody may knock. Asked for every envelope, before anything of it is proved: it has to be quick. */
  policy(publicKey: Uint8Array): PolicyAnswer
  /** Dial a server, with the subprotocol `rendezvous.1`, as the socket of this number, which is never used again. */
  openSocket(socket: number, url: string): void
  /** A text frame for a socket that is open. */
  sendText(socket: number, text: string): void
  /** Close a socket; the machine takes nothing of it any more. @param code - 1000, or one of rendezvous protocol B4 */
  closeSocket(socket: number, code: number): void
  /** A server's status changed. */
  server(status: ServerStatus): void
  /** Most servers say that our clock is off by so many ms (they are ahead); `undefined` when they no longer do. */
  clock(offsetMs: number | undefined): void
  /** The user is to be asked. Again for the same key: the question has changed. */
  knock(knock: Knock): void
  /** The question about this key is over, whoever ended it. @param isMissed - nobody answered it in time */
  knockOver(publicKey: Uint8Array, isMissed: boolean): void
  /** Both sides have proved who they are: frames and data may flow. */
  opened(attempt: Attempt): void
  /** Once for each attempt that was returned by `connect` or `accept`, or that got beyond the prompt. */
  closed(attempt: Attempt): void
  /** A text frame for the channel of a connection. */
  channelText(connection: number, text: string): void
  /** Binary data of the channel. */
  data(attempt: Attempt, bytes: Uint8Array): void
  /** A message, once. */
  chat(attempt: Attempt, message: { readonly id: Uint8Array; readonly text: string; readonly sentMs: number }): void
  /** The other side has a message of ours. @param id - what `RendezvousMachine.sendChat` returned */
  acked(attempt: Attempt, id: Uint8Array): void
  /** What the other side shows of itself. */
  shared(attempt: Attempt, shared: SharedFrame['shared']): void
  /** The other side takes so many bytes of data since the bind, all in all. */
  window(attempt: Attempt, grantedBytes: number): void
  /** An open link begins or ends to look for new paths: see {@link Attempt.isRestarting}. */
  restarting(attempt: Attempt): void
  /** `RendezvousMachine.state` gives something else than before. */
  stateChanged(): void
}

export interface MachineOptions {
  /** Our own Ed25519 key, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Now: the epoch of this instance is the date of it, unless the stored one is greater. */
  readonly nowMs: number
  /** What the last instance stored. Store `RendezvousMachine.state` before the first server is added. */
  readonly state?: RendezvousState | undefined
  readonly limits?: Partial<RendezvousLimits> | undefined
  /** What we say that we are called when we knock; cut to 64 characters. Default: nothing. */
  readonly name?: string | (() => string | undefined) | undefined
  /** Whether `RtcHost.offer` can restart. Default: it can. */
  readonly canRestartIce?: boolean | undefined
}

/** How `RendezvousMachine.decline` says no. */
export interface DeclineOptions {
  /** Tell the other side, with this code. Default: silence. */
  readonly tell?: DeclineCode | undefined
  /** Take nothing of this key any more. */
  readonly block?: boolean | undefined
}
