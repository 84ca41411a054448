import type { RelayOutcome, ServerCutReason } from './types.js'

/** One connection, as the profile that it speaks sees it. */
export interface ServerClient {
  /** What it named as the host it dialled; its own word, `undefined` when it named none. */
  readonly host: string | undefined
  /** Give it a frame; nothing happens once it is closed. */
  send(text: string): void
  /** Whether one more envelope may come from its address; it counts as one. */
  mayRelay(nowMs: number): boolean
  /** Give it what somebody else said, unless too much waits or comes for it. @returns what became of it */
  relay(text: string, nowMs: number): RelayOutcome
  /** A ping of the WebSocket itself, which every client answers without knowing of it. */
  ping(): void
  /** End it, counted under `reason`. */
  close(code: number, reason: ServerCutReason): void
  /** It has the life of a nonce from now on to log in. Not called: the time of the first frame is that of the login. */
  challenged(nowMs: number): void
  /** It has logged in: from now on only silence ends it. */
  authenticated(nowMs: number): void
}

/** What one connection says is judged here. No call throws, whatever is said. */
export interface ServerSession {
  /** A text frame came. */
  received(text: string, nowMs: number): void
  /** It has been silent: make it say something. Whatever comes counts. */
  ask(nowMs: number): void
  /** It is over, whoever ended it. Called once. */
  closed(): void
}

/** One protocol between clients and server: `rendezvous/1`, or the weak one of old. */
export interface ServerProfile {
  /** Longest frame, in bytes; longer ones end a connection before they get here. */
  readonly frameBytes: number
  open(client: ServerClient, nowMs: number): ServerSession
}
