import { MessengerError } from '../error.js'
import type { FileChange, MessageContent } from '../store.js'

/**
 * Refuse what a database would take and not give back, or not as it was.
 * @throws {MessengerError} `store`
 */
export function checkMessage(message: MessageContent): void {
  const { guid, replyTo, sendTimeMs, editTimeMs, messageType } = message
  if (guid === 0n) throw unstorable('guid', 'a number other than 0', guid)
  checkInt64('guid', guid)
  checkInt64('replyTo', replyTo)
  checkNumber('sendTimeMs', sendTimeMs)
  checkNumber('editTimeMs', editTimeMs)
  checkNumber('messageType', messageType)
}

/** @throws {MessengerError} `store` */
export function checkFile({ sizeBytes = 0, doneBytes = 0 }: FileChange): void {
  checkNumber('sizeBytes', sizeBytes)
  checkNumber('doneBytes', doneBytes)
}

/** @throws {MessengerError} `store` */
export function checkInt64(field: string, value: bigint): void {
  if (BigInt.asIntN(64, value) !== value) throw unstorable(field, 'a signed 64-bit number', value)
}

/** Fractions are allowed: clocks give them. @throws {MessengerError} `store` */
export function checkNumber(field: string, value: number): void {
  // Spelled so that NaN fails.
  if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) throw unstorable(field, 'a number of at most 2^53', value)
}

function unstorable(field: string, expected: string, value: number | bigint): MessengerError {
  return new MessengerError('store', `${field}: expected ${expected}, got ${value}`)
}
