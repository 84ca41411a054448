import { classicMessages } from './messages-classic.js'
import { currentMessages } from './messages-current.js'
import type { TrackerGeneration } from './policy.js'
import type { RecordFields } from './record.js'
import type { Answer } from './table.js'

export type RequestKind = 'announce' | 'getAddrs' | 'ping'

/** An announce as it was read; the byte fields may be views of the datagram. */
export interface AnnounceFields extends RecordFields {
  readonly publicKey: Uint8Array
}

/** How requests of one generation are read and answered. Nothing in here throws on account of the bytes. */
export interface Messages {
  /** What a datagram asks for; `undefined` for what is no request. Says nothing about its body yet. */
  kindOf(request: Uint8Array): RequestKind | undefined
  /** latin1 text of the user key that a resolve asks for; `undefined` when it is malformed. */
  userAskedFor(request: Uint8Array): string | undefined
  /** `undefined` when it is malformed. */
  readAnnounce(request: Uint8Array): AnnounceFields | undefined
  answer(request: Uint8Array, answer: Answer, nowMs: number): Uint8Array
  acknowledgement(request: Uint8Array, ttlSeconds: bigint): Uint8Array
  /** Where there is a ping. */
  pong?(request: Uint8Array): Uint8Array
}

export const MESSAGES: Readonly<Record<TrackerGeneration, () => Messages>> = {
  classic: classicMessages,
  current: currentMessages,
}
