// Questions and answers of a READY session that are no messages: profiles, contact requests, files. Nothing of them is
// acknowledged, so nothing holds the other side back but what is here.
import type { ContactRequestFrame, FileRangeFrame, InfoResponseFrame, PeerFrame } from '@mimirjs/wire/peer'
import { PeerError } from './error.js'
import { Pace } from './pace.js'
import type { SessionEvents } from './session-events.js'
import type { OutgoingContactRequest, OutgoingFileRequest } from './types.js'

/** A profile is large and a request is small: one that comes at once after another is a mistake, or an attack. */
const INFO_PAUSE_MS = 1_000
/** Contact requests and responses taken in such a time: each may cost the application a write to its disk. */
const CONTACTS_AT_ONCE = 8
const CONTACTS_MS = 10_000

export type RequestEvents = Pick<
  SessionEvents,
  'onInfoRequest' | 'onInfo' | 'onContactRequest' | 'onContactResponse' | 'onFileRequest'
>

export class Requests {
  readonly #events: RequestEvents
  #info: 'unasked' | 'asked' | 'answered' = 'unasked'
  /** INFO_REQUESTs that come before this are ignored. */
  #nextInfoMs = Number.NEGATIVE_INFINITY
  #contacts: Pace | undefined = undefined

  constructor(events: RequestEvents) {
    this.#events = events
  }

  /** @returns whether the profile has to be asked for: once per session */
  askInfo(): boolean {
    if (this.#info !== 'unasked') return false
    this.#info = 'asked'
    return true
  }

  onInfo(info: InfoResponseFrame): void {
    if (this.#info !== 'asked') return
    this.#info = 'answered'
    this.#events.onInfo(info)
  }

  onInfoRequest(sinceSeconds: bigint, nowMs: number): void {
    if (nowMs < this.#nextInfoMs) return
    this.#nextInfoMs = nowMs + INFO_PAUSE_MS
    this.#events.onInfoRequest(sinceSeconds)
  }

  onContactRequest(request: ContactRequestFrame, nowMs: number): void {
    if (this.#keepsPace(nowMs)) this.#events.onContactRequest(request)
  }

  onContactResponse(accepted: boolean, nowMs: number): void {
    if (this.#keepsPace(nowMs)) this.#events.onContactResponse(accepted)
  }

  onFileRange({ offset, maxBytes, ...request }: FileRangeFrame): void {
    this.#events.onFileRequest({ ...request, type: 'fileRequest', range: { offset, maxBytes } })
  }

  #keepsPace(nowMs: number): boolean {
    this.#contacts ??= new Pace(CONTACTS_AT_ONCE, CONTACTS_MS)
    return this.#contacts.take(nowMs)
  }
}

export function contactRequestFrame({ message, nickname, info, avatar }: OutgoingContactRequest): PeerFrame {
  return { type: 'contactRequest', message, nickname, info, ...(avatar !== undefined && { avatar }) }
}

/** @throws {PeerError} `unsupported` for a part of a file, where the other side does not know what that is */
export function fileRequestFrame({ guid, name, hash, range }: OutgoingFileRequest, extended: boolean): PeerFrame {
  if (range === undefined) return { type: 'fileRequest', guid, name, hash }
  if (!extended) throw new PeerError('unsupported', 'the other side knows no requests for a part of a file')
  return { type: 'fileRange', guid, offset: range.offset, maxBytes: range.maxBytes, name, hash }
}
