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

function guidOf(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0)
}
