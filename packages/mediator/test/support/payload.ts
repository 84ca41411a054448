// Payloads written by hand, field by field, so that single fields can be left out or spoilt.
import type { MediatorDialect } from '@mimirjs/wire/mediator'

/** A field of a request, as both layouts have it. */
export interface Field {
  readonly tag: number
  /** In `binary`: as it is, or behind a length of 2 or 4 bytes. */
  readonly lengthBytes: 0 | 2 | 4
  readonly value: Uint8Array
  /** Not in this layout. */
  readonly only?: 'binary' | 'tlv'
}

export function u8(value: number): Uint8Array {
  return Uint8Array.of(value)
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

export function i64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, value)
  return bytes
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function fixed(tag: number, value: Uint8Array): Field {
  return { tag, lengthBytes: 0, value }
}

export function text(tag: number, value: Uint8Array): Field {
  return { tag, lengthBytes: 2, value }
}

export function blob(tag: number, value: Uint8Array): Field {
  return { tag, lengthBytes: 4, value }
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128)
  return [...bytes, rest]
}

export function encode(dialect: MediatorDialect, fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = []
  const layout = dialect === 'binary' ? 'binary' : 'tlv'
  for (const { tag, lengthBytes, value, only } of fields) {
    if (only !== undefined && only !== layout) continue
    if (layout === 'tlv') parts.push(Uint8Array.of(tag, ...varint(value.length)), value)
    else {
      const length = u32(value.length).subarray(4 - lengthBytes)
      parts.push(lengthBytes === 0 ? new Uint8Array(0) : length, value)
    }
  }
  return new Uint8Array(Buffer.concat(parts))
}

/** The payload without one field: in `binary`, which has no gaps, it ends just before the field's last byte. */
export function without(dialect: MediatorDialect, fields: readonly Field[], tag: number): Uint8Array {
  const at = fields.findIndex((field) => field.tag === tag)
  if (dialect !== 'binary') return encode(dialect, [...fields.slice(0, at), ...fields.slice(at + 1)])
  const whole = encode(dialect, fields.slice(0, at + 1))
  return whole.subarray(0, whole.length - 1)
}
