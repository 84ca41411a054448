import {
  decodeResponse,
  decodeTrackerResponse,
  encodeAnnounceRequest,
  encodeGetAddrsRequest,
  encodeTrackerRequest,
  type TrackerForm,
} from '@mimirjs/wire/tracker'

/** What is announced. */
export interface AnnouncedRecord {
  /** Identity key of the user. */
  readonly publicKey: Uint8Array
  /** What is signed: an IP address of 16 bytes, or the key of an overlay node. */
  readonly address: Uint8Array
  readonly signature: Uint8Array
  /** 0 where the generation fixes the port. */
  readonly port: number
  readonly priority: number
  readonly clientId: number
}

/** A record of an answer, whatever generation it is from. Nothing about it was checked. */
export interface FoundRecord extends Omit<AnnouncedRecord, 'publicKey'> {
  /** Roughly: more than 2^53 is not exact. */
  readonly lifetimeMs: number
}

export type Question =
  | { readonly command: 'announce'; readonly record: AnnouncedRecord }
  | { readonly command: 'getAddrs'; readonly publicKey: Uint8Array }
  | { readonly command: 'ping' }

export type Response =
  | { readonly command: 'announce'; readonly ttlSeconds: bigint }
  /** Byte fields are views of the datagram. */
  | { readonly command: 'getAddrs'; readonly records: readonly FoundRecord[] }
  | { readonly command: 'ping' }

/** One way of writing requests and reading answers. */
export interface Form {
  /** @throws {WireError} for what does not fit */
  encode(question: Question, nonce: number): Uint8Array
  /** @throws {WireError} */
  decode(command: Question['command'], bytes: Uint8Array): Response
}

/** Tracker protocol §4. There is no ping. */
export const classicForm: Form = {
  encode(question, nonce) {
    if (question.command === 'announce') return encodeAnnounceRequest({ ...question.record, nonce })
    if (question.command === 'getAddrs') return encodeGetAddrsRequest({ publicKey: question.publicKey, nonce })
    throw new TypeError('classic trackers know no ping')
  },
  decode(_command, bytes) {
    const response = decodeResponse(bytes)
    if (response.command === 'announce') return response
    const records = response.records.map(({ ttlSeconds, ...record }) => ({
      ...record,
      lifetimeMs: Number(ttlSeconds) * 1000,
    }))
    return { command: 'getAddrs', records }
  },
}

/** Tracker protocol §7.2 and §7.3. */
export function datagramForm(form: TrackerForm): Form {
  return {
    encode(question, nonce) {
      if (question.command === 'announce') return encodeTrackerRequest(form, 'announce', { ...question.record, nonce })
      if (question.command === 'ping') return encodeTrackerRequest(form, 'ping', { nonce })
      return encodeTrackerRequest(form, 'getAddrs', { publicKey: question.publicKey, nonce })
    },
    decode(command, bytes) {
      if (command === 'announce') return { command, ttlSeconds: decodeTrackerResponse(form, command, bytes).ttlSeconds }
      if (command === 'ping') {
        decodeTrackerResponse(form, command, bytes)
        return { command }
      }
      const { records } = decodeTrackerResponse(form, command, bytes)
      return {
        command,
        records: records.map(({ lifetimeMs, ...record }) => ({ ...record, port: 0, lifetimeMs: Number(lifetimeMs) })),
      }
    },
  }
}
