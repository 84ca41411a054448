import { isDeepStrictEqual } from 'node:util'
import { fromHex, isWireError, toHex, type WireError } from '@mimirjs/wire'
import { isYggdrasilError, type YggdrasilError } from '@mimirjs/yggdrasil/wire'
import type { CodecTable, ConformanceCodec } from './codec.js'
import { plain, revive } from './shape.js'
import { asVector, type Vector } from './vector.js'

/** Codes that our decoders throw; an `error` in another vocabulary is not compared. */
const CODES: ReadonlySet<string> = new Set([
  'truncated',
  'trailing',
  'length',
  'header-size',
  'frame-too-large',
  'out-of-range',
  'unexpected-type',
  'utf8',
  'json',
  'json-field',
  'attachment',
  'varint',
  'missing-field',
  'link-scheme',
  'link-host',
  'link-kind',
  'link-group',
  'link-key',
  'link-name',
  'version',
  'kind',
  'flags',
  'self',
  'body',
  'frame',
  'malformed',
  'too-large',
  'handshake',
])

/**
 * What a case and the codec disagree about, `undefined` when they agree. Throws nothing.
 * @param errorCodes - compare the code of the error too: the words are ours, others may have chosen theirs
 */
export function difference(
  value: unknown,
  codecs: CodecTable,
  { errorCodes = true }: { readonly errorCodes?: boolean } = {},
): string | undefined {
  try {
    const vector = asVector(value)
    const codec = Object.hasOwn(codecs, vector.codec) ? codecs[vector.codec] : undefined
    if (codec === undefined) return `unknown codec ${vector.codec}: see --list`
    const input = inputOf(vector, codec)
    if (vector.result !== 'invalid') return validDifference(vector, codec, input)
    return invalidDifference(errorCodes ? vector : { ...vector, error: undefined }, codec, input)
  } catch (error) {
    return describe(error)
  }
}

function validDifference(vector: Vector, codec: ConformanceCodec, input: Input): string | undefined {
  const decoded = decode(codec, input)
  const got = plain(decoded)
  let value = decoded
  if (vector.value !== undefined) {
    value = revive(withType(vector.value, got), codec.shape)
    const expected = plain(value)
    if (!isDeepStrictEqual(got, expected)) return `decoded to ${short(got)}, expected ${short(expected)}`
  }
  if (vector.result === 'lenient') return unstable(vector, codec, value, got)
  const again = encode(vector, codec, value)
  return again === textOf(input) ? undefined : `encoded to ${again}, expected ${textOf(input)}`
}

/** What is only read need not be written; if it is, it must mean the same. */
function unstable(vector: Vector, codec: ConformanceCodec, value: unknown, got: unknown): string | undefined {
  let again: string
  try {
    again = encode(vector, codec, value)
  } catch (error) {
    return isTyped(error) ? undefined : describe(error)
  }
  const back = plain(decode(codec, codec.input === 'text' ? again : fromHex(again)))
  return isDeepStrictEqual(back, got) ? undefined : `encoded again it decodes to ${short(back)}, expected ${short(got)}`
}

function invalidDifference(vector: Pick<Vector, 'error'>, codec: ConformanceCodec, input: Input): string | undefined {
  let got: unknown
  try {
    got = decode(codec, input)
  } catch (error) {
    if (!isTyped(error)) return `expected a typed error, got ${describe(error)}`
    const { error: expected } = vector
    const compared = expected !== undefined && CODES.has(expected)
    return compared && error.code !== expected ? `failed with ${error.code}, expected ${expected}` : undefined
  }
  return `decoded to ${short(plain(got))}, expected it to be refused`
}

type Input = Uint8Array | string

function inputOf({ hex, text }: Vector, codec: ConformanceCodec): Input {
  if (codec.input === 'text') {
    if (text === undefined) throw new Error('text: expected one, this codec reads text')
    return text
  }
  if (hex === undefined) throw new Error('hex: expected some, this codec reads bytes')
  if (!/^([0-9a-f]{2})*$/i.test(hex)) throw new Error('hex: expected an even number of hex digits')
  return fromHex(hex)
}

function decode(codec: ConformanceCodec, input: Input): unknown {
  return codec.decode(input as never)
}

function encode({ generation = 'classic' }: Vector, codec: ConformanceCodec, value: unknown): string {
  return textOf(codec.encode(value as never, generation))
}

function textOf(input: Input): string {
  return typeof input === 'string' ? input : toHex(input)
}

/** What decoders may throw: the error of `wire`, or that of the package whose own language it is. */
function isTyped(error: unknown): error is WireError | YggdrasilError {
  return isWireError(error) || isYggdrasilError(error)
}

/** Where the id names the type of the value, the value need not repeat it. */
function withType(value: unknown, got: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || 'type' in value) return value
  if (typeof got !== 'object' || got === null || !('type' in got)) return value
  return { type: got.type, ...value }
}

function describe(error: unknown): string {
  if (isTyped(error)) return `${error.name} ${error.code}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= 400 ? text : `${text.slice(0, 400)}…`
}
