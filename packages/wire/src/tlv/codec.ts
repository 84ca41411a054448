import { compileEngine } from './compile.js'
import type { Engine } from './engine.js'
import { interpretEngine } from './interpret.js'
import { FieldPlan } from './plan.js'
import type { TlvField, TlvTable, TlvValue } from './table.js'

/** Encodes and decodes the messages that a table describes. */
export interface TlvCodec<T extends TlvTable> {
  /** Bytes that {@link encode} gives. @throws {WireError} as {@link encode} */
  byteLength(message: TlvValue<T>): number
  /**
   * The message as a payload, fields in the order of the table, lengths in their shortest form. Small payloads share an
   * `ArrayBuffer`, as Node's Buffers do: send or copy them, but do not transfer `payload.buffer`, and copy what you
   * keep for long.
   * @throws {WireError} `missing-field`, `out-of-range` or `length`: what the decoder would refuse.
   */
  encode(message: TlvValue<T>): Uint8Array
  /**
   * The payload behind `headBytes` bytes of room for a header, made and measured once. The room may hold anything: write all
   * of it. @throws {WireError} as {@link encode}
   */
  encodeBehind(message: TlvValue<T>, headBytes: number): Uint8Array
  /**
   * Write the payload into `target` from `offset` on; return the offset behind it. Nothing is written when it throws.
   * @throws {WireError} as {@link encode}; `out-of-range` also when the room does not suffice.
   */
  encodeInto(message: TlvValue<T>, target: Uint8Array, offset?: number): number
  /**
   * The message in `payload`; byte fields are views into it. Unknown tags are skipped, the order is free, of a repeated
   * tag the last counts (unless the field is a list), and trailing bytes do not exist: they would be a field. Optional
   * fields that are missing are `undefined`.
   * @throws {WireError} `varint` or `truncated` when the payload is no sequence of fields; `missing-field`, `length` or
   * `utf8` for a required field that is missing or invalid.
   */
  decode(payload: Uint8Array, start?: number, end?: number): TlvValue<T>
}

export interface TlvCodecOptions {
  /**
   * `auto` compiles the table with `new Function` where that is allowed, and interprets it where it is not. The results
   * are the same; `interpreted` never tries.
   */
  readonly engine?: 'auto' | 'interpreted'
}

/**
 * Make the codec of a table.
 * @example
 * const PING = { nonce: { tag: 0x03, type: 'bytes', sizeBytes: 32 }, note: { tag: 0x20, type: 'utf8', optional: true } } as const
 * const ping = tlvCodec(PING)
 * const payload = ping.encode({ nonce })
 * @throws {TypeError} for a table that makes no sense: a field name that is no identifier, a tag used twice.
 */
export function tlvCodec<const T extends TlvTable>(table: T, options?: TlvCodecOptions): TlvCodec<T> {
  return makeEngine(table, options?.engine === 'interpreted' ? interpretEngine : compileOrInterpret) as TlvCodec<T>
}

type MakeEngine = (plans: readonly FieldPlan[]) => Engine

function makeEngine(table: TlvTable, make: MakeEngine): Engine {
  const plans = Object.entries(table).map(([name, field]) => {
    if (!/^[A-Za-z][A-Za-z0-9]*$/.test(name)) throw new TypeError(`TLV table: expected a plain name, got ${name}`)
    return new FieldPlan(name, field, nestedEngine(field, make))
  })
  const tags = new Set(plans.map((plan) => plan.tag))
  if (tags.size < plans.length) throw new TypeError('TLV table: expected every tag once')
  return make(plans)
}

function nestedEngine(field: TlvField, make: MakeEngine): Engine | undefined {
  return field.type === 'nested' ? makeEngine(field.table, make) : undefined
}

const compileOrInterpret: MakeEngine = (plans) => {
  try {
    return compileEngine(plans)
  } catch (error) {
    if (error instanceof EvalError) return interpretEngine(plans)
    throw error
  }
}
