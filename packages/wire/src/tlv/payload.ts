import { checkUint } from '../int.js'
import { varintByteLength, writeVarint } from '../varint.js'
import { TlvScanner } from './scan.js'

/** A field as it stands in a payload, whatever it means. */
export interface TlvPayloadField {
  /** 0 to 255. */
  readonly tag: number
  /** In a decoded payload, a view into it. */
  readonly value: Uint8Array
}

/**
 * The fields of a payload in order, repeated and unknown tags included. An empty payload has none. A length longer than
 * needed (`80 00` for 0) is accepted, as every original does. Source: tracker protocol section 6.
 * @throws {WireError} `varint` for a tag without a length or a length without an end, `truncated` for a value that
 * passes the end of the payload.
 */
export function decodeTlvPayload(payload: Uint8Array): TlvPayloadField[] {
  const scanner = new TlvScanner(payload, 0, payload.length)
  const fields: TlvPayloadField[] = []
  while (scanner.next()) fields.push({ tag: scanner.tag, value: payload.subarray(scanner.start, scanner.end) })
  if (scanner.fault !== undefined) throw scanner.fault.toError()
  return fields
}

/**
 * Write fields in the order given, lengths in their shortest form.
 * @throws {WireError} `out-of-range` for a tag that is no byte, or a value of 2^28 bytes or more.
 */
export function encodeTlvPayload(fields: readonly TlvPayloadField[]): Uint8Array {
  let size = 0
  for (const { tag, value } of fields) {
    checkUint(tag, 0xff, 'tag')
    size += 1 + varintByteLength(value.length) + value.length
  }
  const payload = new Uint8Array(size)
  let at = 0
  for (const { tag, value } of fields) {
    payload[at] = tag
    const valueAt = writeVarint(value.length, payload, at + 1)
    payload.set(value, valueAt)
    at = valueAt + value.length
  }
  return payload
}
