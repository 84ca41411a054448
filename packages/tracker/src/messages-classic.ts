import {
  ANNOUNCE_REQUEST_BYTES,
  ANNOUNCE_RESPONSE_BYTES,
  decodeAnnounceRequest,
  encodeAnnounceResponseInto,
  GET_ADDRS_REQUEST_BYTES,
  GET_ADDRS_RESPONSE_HEAD_BYTES,
  RECORD_BYTES,
  TrackerCommand,
} from '@mimirjs/wire/tracker'
import type { Messages } from './messages.js'
import { type StoredRecord, userOf } from './record.js'
import { Slab } from './slab.js'

/** Tracker protocol §4: `version u8 | nonce u32 | command u8 | …`, the version never looked at, surplus bytes ignored. */
export function classicMessages(): Messages {
  const slab = new Slab()
  return {
    kindOf(request) {
      const command = request[5]
      if (command === TrackerCommand.getAddrs && request.length >= GET_ADDRS_REQUEST_BYTES) return 'getAddrs'
      return command === TrackerCommand.announce && request.length >= ANNOUNCE_REQUEST_BYTES ? 'announce' : undefined
    },
    userAskedFor: (request) => userOf(request, 6, GET_ADDRS_REQUEST_BYTES),
    readAnnounce: decodeAnnounceRequest,
    /** The nonce is copied, never looked at, and the records are kept as they go out: this is what a busy tracker does most. */
    answer(request, answer) {
      const { given } = answer
      answer.body ??= given.length === 1 ? given[0]!.encoded : joined(given)
      const { body } = answer
      const bytes = slab.take(GET_ADDRS_RESPONSE_HEAD_BYTES + body.length)
      bytes[0] = request[1]!
      bytes[1] = request[2]!
      bytes[2] = request[3]!
      bytes[3] = request[4]!
      bytes[4] = TrackerCommand.getAddrs
      bytes[5] = given.length
      bytes.set(body, GET_ADDRS_RESPONSE_HEAD_BYTES)
      return bytes
    },
    acknowledgement(request, ttlSeconds) {
      const bytes = new Uint8Array(ANNOUNCE_RESPONSE_BYTES)
      encodeAnnounceResponseInto({ nonce: 0, ttlSeconds }, bytes, 0)
      bytes.set(request.subarray(1, 5))
      return bytes
    },
  }
}

function joined(records: readonly StoredRecord[]): Uint8Array {
  const body = new Uint8Array(records.length * RECORD_BYTES)
  for (const [index, { encoded }] of records.entries()) body.set(encoded, index * RECORD_BYTES)
  return body
}
