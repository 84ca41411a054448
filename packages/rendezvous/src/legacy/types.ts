import type { LegacyCandidate, LegacyDescription } from '@mimirjs/wire/rendezvous'

/** Somebody on the other side. Their key is proven once a link is open, as far as an RSA signature with SHA-1 proves. */
export interface LegacyPerson {
  /** The public key in the normal form, which is the address. */
  readonly pem: string
  /** Size of their key. */
  readonly bits: number
  /** Below 2048 bits: to be shown as weak. */
  readonly isWeak: boolean
  /** 24 characters to compare over another channel: of the key, for humans. */
  readonly fingerprint: string
}

/** What the application says about somebody who wants to connect. */
export type LegacyPolicy = (person: LegacyPerson) => 'accept' | 'ask' | 'ignore'

/** Somebody who waits for an answer of the user. Nothing has been sent to them. */
export interface LegacyPrompt {
  readonly person: LegacyPerson
  /** When the question goes away, in ms. */
  readonly expiresMs: number
}

/** Why a server is not used any more until the application adds it again. */
export type LegacyLeaveReason =
  | 'challenge' // it sent a challenge that no honest server sends, or a second one
  | 'malformed' // it sent too many frames that are none
  | 'replaced' // the account logged in elsewhere

/** How it stands with a server. */
export interface LegacyServerStatus {
  /** As it was given. */
  readonly url: string
  /** `connecting`: being dialled, or logging in. `ready`: in use. `waiting`: is tried again. `left`: is not. */
  readonly state: 'connecting' | 'ready' | 'waiting' | 'left'
  /** With `left`. */
  readonly reason?: LegacyLeaveReason | undefined
  /** With `waiting`: when it is tried again, in ms. */
  readonly retryAtMs?: number | undefined
}

/** Why a link is over. */
export type LegacyCloseReason =
  | 'closed' // by us
  | 'lost' // its connection broke, or the other side closed it
  | 'replaced' // by a newer one with the same person

/** What one side says about itself in one go. */
export interface LegacyOwnSignal {
  readonly description: LegacyDescription
  readonly candidates: readonly LegacyCandidate[]
}

/** What the machine wants done. None of it may call the machine before it returns. */
export interface LegacyHost {
  /** Open a WebSocket; then `serverOpened` or `serverClosed`. */
  openServer(server: number, url: string): void
  /** Close it; `serverClosed` need not be called any more. */
  closeServer(server: number): void
  sendText(server: number, text: string): void
  serverChanged(status: LegacyServerStatus): void
  /** Undo RSAES-PKCS1-v1_5 with the account's key; then `decrypted`. */
  decrypt(server: number, ciphertext: Uint8Array): void
  /** Sign with the account's key; then `signed`. */
  sign(connection: number, message: Uint8Array): void
  /** Make a connection and an offer, gather; then `described`, or `connectionLost`. */
  makeOffer(connection: number): void
  /** Make a connection that answers, gather; then `described`, or `connectionLost`. */
  makeAnswer(connection: number, signal: LegacyOwnSignal): void
  /** The answer to an offer of ours. */
  applyAnswer(connection: number, signal: LegacyOwnSignal): void
  /** Close it, whatever state it is in; `connectionLost` need not be called any more. */
  closeConnection(connection: number): void
  policy(person: LegacyPerson): 'accept' | 'ask' | 'ignore'
  incoming(prompt: LegacyPrompt): void
  /** A question went away without an answer. */
  missed(person: LegacyPerson): void
  opened(connection: number, person: LegacyPerson): void
  closed(connection: number, reason: LegacyCloseReason): void
  chat(connection: number, text: string): void
  /** The other side's profile; it replaces the one before. */
  shared(connection: number, name: string | undefined): void
}
