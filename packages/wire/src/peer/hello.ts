import { WireError } from '../error.js'
import { checkBytes, checkI32, write32 } from '../int.js'
import type { FrameCursor } from './cursor.js'
import type { HelloFrame } from './types.js'

const KEY_BYTES = 32
const PLAIN_BYTES = 80
/** Header `size` of a HELLO with an address: IPv6 (classic) or node key (overlay). */
const WITH_IPV6_BYTES = 100
const WITH_NODE_KEY_BYTES = 116

/**
 * `version i32 | 32 i32 | publicKey 32 | 32 i32 | receiver 32 | clientId i32`, then, if the header's size is not 80,
 * `16 or 32 i32 | address`. Source: peer protocol section 5.1.
 */
export function readHello(cursor: FrameCursor, size: number): HelloFrame | undefined {
  if (size !== PLAIN_BYTES && size !== WITH_IPV6_BYTES && size !== WITH_NODE_KEY_BYTES) {
    throw new WireError('header-size', `hello: expected a header size of 80, 100 or 116, got ${size}`)
  }
  if (!cursor.has(8)) return undefined
  const version = cursor.i32()
  const keyBytes = cursor.length(KEY_BYTES, KEY_BYTES, 'hello.publicKey')
  if (!cursor.has(keyBytes + 4)) return undefined
  const publicKey = cursor.view(keyBytes)
  const receiverBytes = cursor.length(KEY_BYTES, KEY_BYTES, 'hello.receiver')
  if (!cursor.has(receiverBytes + 4)) return undefined
  const receiver = cursor.view(receiverBytes)
  const clientId = cursor.i32()
  if (size === PLAIN_BYTES) return { type: 'hello', version, publicKey, receiver, clientId }
  if (!cursor.has(4)) return undefined
  const expected = size - PLAIN_BYTES - 4
  const addressBytes = cursor.length(expected, expected, 'hello.address')
  if (!cursor.has(addressBytes)) return undefined
  return { type: 'hello', version, publicKey, receiver, clientId, address: cursor.view(addressBytes) }
}

export function helloByteLength(frame: HelloFrame): number {
  checkI32(frame.version, 'hello.version')
  checkBytes(frame.publicKey, KEY_BYTES, 'hello.publicKey')
  checkBytes(frame.receiver, KEY_BYTES, 'hello.receiver')
  checkI32(frame.clientId, 'hello.clientId')
  if (frame.address === undefined) return PLAIN_BYTES
  const size = PLAIN_BYTES + 4 + frame.address.length
  if (size === WITH_IPV6_BYTES || size === WITH_NODE_KEY_BYTES) return size
  throw new WireError('length', `hello.address: expected 16 or 32 bytes, got ${frame.address.length}`, {
    field: 'hello.address',
  })
}

export function writeHello(target: Uint8Array, at: number, frame: HelloFrame): void {
  write32(target, at, frame.version)
  write32(target, at + 4, KEY_BYTES)
  target.set(frame.publicKey, at + 8)
  write32(target, at + 40, KEY_BYTES)
  target.set(frame.receiver, at + 44)
  write32(target, at + 76, frame.clientId)
  if (frame.address === undefined) return
  write32(target, at + 80, frame.address.length)
  target.set(frame.address, at + 84)
}
