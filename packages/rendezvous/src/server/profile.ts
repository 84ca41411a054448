import type { ServerCutReason } from './types.js'

/** One connection, as the profile that it speaks sees it. */
export interface ServerClient {
  /** What its limits are counted under: an IPv4 address, or the /64 network of an IPv6 one. */
  readonly source: string
  /** What it named as the host it dialled; its own word, `undefined` when it named none. */
  readonly host: string | undefined
  /** Bytes given to it and not sent. */
  readonly bufferedBytes: number
  /** Give it a frame; nothing happens once it is closed. */
  send(text: string): void
  /** A ping of the WebSocket itself, which every client answers without knowing of it. */
  ping(): void
  /** End it, counted under `reason`. */
  close(code: number, reason: ServerCutReason): void
  /** Its first frame was in order: it has the life of a nonce from now on to log in. */
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
