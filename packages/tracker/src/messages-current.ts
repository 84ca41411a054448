import { isWireError } from '@mimirjs/wire'
import {
  decodeNodeRecord,
  decodeTrackerRequest,
  encodeTrackerResponse,
  peekTrackerCommand,
  peekTrackerForm,
  type TrackerForm,
} from '@mimirjs/wire/tracker'
import type { Messages } from './messages.js'
import { userOf } from './record.js'

/** Longest request looked at, in bytes (tracker protocol §8.5): fixed places end long before, fields can go on. */
const MAX_REQUEST_BYTES: Readonly<Record<TrackerForm, number>> = { stream: 0, v1: 1024, v2: 4096 }
/** No request of the first version is shorter, whatever it asks for (§7.2). */
const MIN_V1_BYTES = 38

/** Tracker protocol §7.2 and §7.3: each version is answered in its own form. */
export function currentMessages(): Messages {
  return {
    kindOf(request) {
      const form = peekTrackerForm(request)
      if (form === undefined || request.length > MAX_REQUEST_BYTES[form]) return undefined
      return form === 'v1' && request.length < MIN_V1_BYTES ? undefined : peekTrackerCommand(form, request)
    },
    userAskedFor(request) {
      const found = orUndefined(() => decodeTrackerRequest(formOf(request), 'getAddrs', request))
      return found && userOf(found.publicKey)
    },
    readAnnounce(request) {
      const found = orUndefined(() => decodeTrackerRequest(formOf(request), 'announce', request))
      return found && { ...found, port: 0 }
    },
    answer(request, { given }, nowMs) {
      const records = given.map(({ encoded, expiresMs }) => ({
        ...decodeNodeRecord(encoded),
        lifetimeMs: BigInt(Math.floor(expiresMs - nowMs)),
      }))
      return encodeTrackerResponse(formOf(request), 'getAddrs', { nonce: nonceOf(request), records })
    },
    acknowledgement: (request, ttlSeconds) =>
      encodeTrackerResponse(formOf(request), 'announce', { nonce: nonceOf(request), ttlSeconds }),
    pong: (request) => encodeTrackerResponse(formOf(request), 'ping', { nonce: nonceOf(request) }),
  }
}

/** Of a request that `kindOf` has let through. */
function formOf(request: Uint8Array): TrackerForm {
  return request[0] === 2 ? 'v2' : 'v1'
}

function nonceOf(request: Uint8Array): number {
  return new DataView(request.buffer, request.byteOffset, request.byteLength).getUint32(1)
}

function orUndefined<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (isWireError(error)) return undefined
    throw error
  }
}
