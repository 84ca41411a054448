import type { Random } from './random.js'

/** Values that length fields and counters break on. */
const LENGTHS: readonly number[] = [
  ...[0, 1, -1, 2, 31, 33, 63, 65, 127, 128, 255, 256, 0x7fff, 0xffff, 0x1_0001, 0x10_0001],
  ...[0x7fff_ffff, -0x8000_0000, 0x4000_0000, 0x0100_0000],
]
const TEXTS: readonly Uint8Array[] = [
  ...[
    '"',
    '\\',
    '{',
    '}',
    '[',
    ',',
    ':',
    '0',
    '-',
    'e9',
    '.5',
    '99999999999999999999',
    '\u0000',
    '\ufeff',
    '%',
    '+',
    '/',
  ],
  ...[
    '"guid":',
    '"payloadSize":',
    '2147483648',
    '-9223372036854775809',
    '\\u0000',
    '[[[[[[[[[[[[[[[[[[',
    '%F0%9F',
    '#',
  ],
].map((text) => new TextEncoder().encode(text))

/** Values of JSON that nobody expects: some cannot be made a text, or not be printed again. */
const VALUES: readonly Uint8Array[] = [
  ...['null', '[]', '{}', '1e999', '-0', 'true', '""', '{"toString":1}', '{"toJSON":1,"valueOf":{}}', '{"length":-1}'],
  ...['{"__proto__":null}', '[null]', `${'['.repeat(8_000)}${']'.repeat(8_000)}`],
].map((text) => new TextEncoder().encode(text))

type Mutation = (bytes: Uint8Array, random: Random, seeds: readonly Uint8Array[]) => Uint8Array

const flip: Mutation = (bytes, random) => {
  if (bytes.length === 0) return bytes
  const changed = bytes.slice()
  changed[random.below(changed.length)]! ^= 1 << random.below(8)
  return changed
}

const truncate: Mutation = (bytes, random) => bytes.slice(0, random.below(bytes.length + 1))

const insert: Mutation = (bytes, random) =>
  replace(bytes, random.below(bytes.length + 1), 0, random.bytes(1 + random.below(8)))

const insertText: Mutation = (bytes, random) =>
  replace(bytes, random.below(bytes.length + 1), random.below(2), random.pick(TEXTS))

const cutOut: Mutation = (bytes, random) =>
  replace(bytes, random.below(bytes.length + 1), 1 + random.below(16), new Uint8Array(0))

const double: Mutation = (bytes, random) => {
  const start = random.below(bytes.length + 1)
  return replace(bytes, start, 0, bytes.slice(start, start + 1 + random.below(64)))
}

const splice: Mutation = (bytes, random, seeds) => {
  const other = random.pick(seeds)
  const head = bytes.slice(0, random.below(bytes.length + 1))
  return replace(head, head.length, 0, other.slice(random.below(other.length + 1)))
}

/** Put a value that breaks things where a 4-byte length may stand. */
const attackLength: Mutation = (bytes, random) => {
  if (bytes.length < 4) return bytes
  const changed = bytes.slice()
  const at = random.below(2) === 0 ? random.below(changed.length - 3) : 4 * random.below(changed.length >> 2)
  new DataView(changed.buffer).setInt32(at, random.pick(LENGTHS))
  return changed
}

/** The same for the lengths of TLV, one to five bytes. */
const attackVarint: Mutation = (bytes, random) => {
  const forms = [[0x80, 0x00], [0xff, 0x7f], [0xff, 0xff, 0xff, 0x7f], [0x80, 0x80, 0x80, 0x80, 0x00], [0xff], [0x80]]
  return replace(bytes, random.below(bytes.length + 1), 1, Uint8Array.from(random.pick(forms)))
}

/** Another value for a member of JSON. */
const attackMember: Mutation = (bytes, random) => {
  const colon = bytes.indexOf(0x3a, random.below(bytes.length + 1))
  if (colon < 0) return bytes
  const rest = bytes.subarray(colon + 1)
  const size = rest.findIndex((byte) => byte === 0x2c || byte === 0x7d)
  return replace(bytes, colon + 1, size < 0 ? rest.length : size, random.pick(VALUES))
}

const MUTATIONS = [
  flip,
  flip,
  truncate,
  insert,
  insertText,
  cutOut,
  double,
  splice,
  attackLength,
  attackLength,
  attackVarint,
  attackMember,
]

/** One of `seeds`, changed in one to five places; now and then bytes that come from nowhere. */
export function mutate(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  if (seeds.length === 0 || random.below(50) === 0) return random.bytes(random.below(200))
  let bytes: Uint8Array = random.pick(seeds)
  for (let left = 1 + random.below(5); left > 0; left--) bytes = random.pick(MUTATIONS)(bytes, random, seeds)
  return bytes
}

function replace(bytes: Uint8Array, start: number, deleted: number, inserted: Uint8Array): Uint8Array {
  const rest = bytes.subarray(Math.min(bytes.length, start + deleted))
  const changed = new Uint8Array(start + inserted.length + rest.length)
  changed.set(bytes.subarray(0, start))
  changed.set(inserted, start)
  changed.set(rest, start + inserted.length)
  return changed
}
