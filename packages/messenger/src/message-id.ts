import { randomBytes, sha512 } from '@mimirjs/crypto'
import { MessengerError } from './error.js'

const utf8 = new TextEncoder()

/** Message ids are the wire's guids as decimal text. @throws {MessengerError} `bad-content` */
export function parseMessageId(id: string): bigint {
  if (typeof id === 'string' && /^-?[1-9][0-9]{0,18}$/.test(id)) {
    const guid = BigInt(id)
    if (BigInt.asIntN(64, guid) === guid) return guid
  }
  throw new MessengerError('bad-content', `expected a message id (a 64-bit number other than 0), got '${String(id)}'`)
}

/** A fresh random guid: any 64 bits but zero (peer protocol §10.5). */
export function randomGuid(): bigint {
  const guid = guidOf(randomBytes(8))
  return guid === 0n ? randomGuid() : guid
}

/**
 * The guid of the `index`-th message that the handler of (`peer`, `guid`) sends to `to`. It depends on nothing else,
 * so a handler that runs again after a crash sends under the same ids.
 */
export function replyGuid(self: string, peer: string, guid: bigint, to: string, index: number): bigint {
  const digest = sha512(utf8.encode(`mimirjs reply 1\n${self}\n${peer}\n${guid}\n${to}\n${index}`))
  const reply = guidOf(digest)
  return reply === 0n ? 1n : reply
}

/**
 * What a message has for a guid that came without one: the same each time it comes. Nobody can acknowledge it, so whoever
 * sent it may send it again. Source: current protocol §19.4.
 */
export function contentGuid(peer: string, sendTime: bigint, messageType: number, payload: Uint8Array): bigint {
  const head = utf8.encode(`mimirjs message 1\n${peer}\n${sendTime}\n${messageType}\n`)
  const bytes = new Uint8Array(head.length + payload.length)
  bytes.set(head)
  bytes.set(payload, head.length)
  const guid = guidOf(sha512(bytes))
  return guid === 0n ? 1n : guid
}

function guidOf(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0)
}
