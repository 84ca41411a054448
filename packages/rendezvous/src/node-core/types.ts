import type { ByteStream } from '@mimirjs/transport'
import type { CloseCode, Knock, Role, ServerStatus } from '../machine/types.js'
import type { RendezvousLink } from './link.js'

/** What happens at a {@link RendezvousNode}. */
export type RendezvousNodeEvents = {
  /** How it stands with a server has changed. */
  server: ServerStatus
  /** Somebody unknown knocks: ask the user, then `accept` or `decline`. Again for the same key: the question changed. */
  knock: Knock
  /** The question about this key is over, answered or not. */
  knockOver: { readonly publicKey: Uint8Array }
  /** Nobody answered the question about this key in time. */
  missed: { readonly publicKey: Uint8Array }
  /** Two people have met, whoever began; also after `connect` and `accept`. */
  link: RendezvousLink
  /** Most servers say that our clock is off by so many ms (they are ahead); `undefined`: no longer. */
  clock: { readonly offsetMs: number | undefined }
  /** Something failed in the background, or a listener threw. The node goes on. */
  error: unknown
}

/** What happens on a {@link RendezvousLink}. */
export type RendezvousLinkEvents = {
  /** A message, once. */
  chat: ChatMessage
  /** What the other side shows of itself. */
  shared: SharedProfile
  /** The link begins (`true`) or ends to look for new paths: what is sent meanwhile arrives later. */
  restarting: boolean
  /** Once, last. */
  closed: { readonly code: CloseCode; readonly detail: string | undefined }
}

/** A message of the other side. */
export interface ChatMessage {
  /** 16 bytes. */
  readonly id: Uint8Array
  /** Show it as text. At most 8192 characters. */
  readonly text: string
  /** By the clock of the other side, in ms since 1970. */
  readonly sentMs: number
}

/** What somebody shows of himself. */
export interface SharedProfile {
  /** At most 64 characters. Nobody has verified it. */
  readonly name?: string | undefined
}

/** What `RendezvousNode.connect` takes besides the key. */
export interface ConnectOptions {
  /** Gives up waiting; what nobody waits for any more is hung up. */
  readonly signal?: AbortSignal | undefined
}

/** What was moved over a link, in bytes of application data, and its streams. */
export interface RendezvousLinkCounters {
  readonly streams: number
  readonly sentBytes: number
  readonly receivedBytes: number
}

export type { ByteStream, CloseCode, Knock, Role, ServerStatus }
