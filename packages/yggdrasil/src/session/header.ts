import { SessionType } from '../wire/session.js'
import { writeUvarint } from '../wire/uvarint.js'

// The numbers in front of a traffic message, without a bigint and without an object for each packet: all of an honest
// session stay far below 2^53. yggdrasil protocol §8.3; the exact codec for everybody is `wire/session.ts`.

/** Bytes of type and numbers at most, as long as the numbers are safe integers. */
export const MAX_HEAD_BYTES = 25

/** Write type and numbers, and return the offset behind them. */
export function writeHead(
  out: Uint8Array,
  offset: number,
  localKeySeq: number,
  remoteKeySeq: number,
  nonce: number,
): number {
  out[offset] = SessionType.traffic
  return writeUvarint(nonce, out, writeUvarint(remoteKeySeq, out, writeUvarint(localKeySeq, out, offset + 1)))
}

/** What {@link readHead} found last. One for all: it is read at once. */
export const head: { senderKeySeq: number; receiverKeySeq: number; nonce: number } = {
  senderKeySeq: 0,
  receiverKeySeq: 0,
  nonce: 0,
}

/** Read type and numbers into {@link head}. @returns the offset behind them, or -1 for what is none of ours */
export function readHead(message: Uint8Array): number {
  let at = readNumber(message, 1)
  if (at < 0) return -1
  head.senderKeySeq = value
  at = readNumber(message, at)
  if (at < 0) return -1
  head.receiverKeySeq = value
  at = readNumber(message, at)
  if (at < 0) return -1
  head.nonce = value
  return at
}

let value = 0

function readNumber(message: Uint8Array, start: number): number {
  let scale = 1
  value = 0
  for (let at = start; at < message.length; at++) {
    const byte = message[at]!
    value += (byte & 0x7f) * scale
    if (value > Number.MAX_SAFE_INTEGER) return -1
    if (byte < 0x80) return at + 1
    scale *= 128
    if (at - start === 9) return -1
  }
  return -1
}
