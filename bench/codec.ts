import { type Codec, type Message, messages } from './codecs/messages.js'
import { loadProtobuf, protobufCodec, protobufTextCodec } from './codecs/protobuf.js'
import { cborCodec, msgpackrCodec } from './codecs/records.js'
import { encodeTextInto, textCodec } from './codecs/text.js'
import { encodeTlvInto, tlvCodec } from './codecs/tlv.js'
import { interleaveMedians, type Medians } from './lib/rounds.js'
import { type Report, type Row, rateRow } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import { operationsPerCpuSecond, PER_CPU_SECOND, type Work } from './lib/spin.js'

// Values to bytes and back: {chatId u64, guid u64, timestamp u64, author 32 bytes, blob} as TLV, and a chat message as
// TEXT frame, each beside what general codecs make of the same fields.

const SMALL_BYTES = 100
const LARGE_BYTES = 64 * 1024
const UNIT = 'message/CPU-s'
const RIVALS = ['protobufjs', 'msgpackr', 'cbor-x'] as const
type Rival = (typeof RIVALS)[number]
const ROUND_TRIP_TARGETS: Partial<Record<Rival, number>> = { protobufjs: 3 }

export async function run(settings: Settings): Promise<Report> {
  const rows = [...(await tlvRows(settings)), ...(await largeRows(settings)), ...(await textRows(settings))]
  const notes = [
    'protobufjs: static code made by pbjs at the start of this run, 64-bit numbers as Long; msgpackr and cbor-x: shared records, bigint',
    'ours: 64-bit numbers as bigint; decoders hand out views, except where their users get copies',
    PER_CPU_SECOND,
  ]
  return { rows, notes }
}

async function tlvRows(settings: Settings): Promise<Row[]> {
  const all = messages(SMALL_BYTES)
  const works = { ...worksOf('tlv', tlvCodec(), all), ...(await rivalWorks(all)), 'tlv.into': into(all, encodeTlvInto) }
  const rates = await measure(settings, works)
  return [
    ...RIVALS.map((rival) =>
      rateRow(
        `codec.tlv.encodeDecode/${rival}`,
        UNIT,
        rates['tlv.both'],
        rates[`${rival}.both`],
        ROUND_TRIP_TARGETS[rival],
      ),
    ),
    ...RIVALS.map((rival) => rateRow(`codec.tlv.encode/${rival}`, UNIT, rates['tlv.encode'], rates[`${rival}.encode`])),
    ...RIVALS.map((rival) => rateRow(`codec.tlv.decode/${rival}`, UNIT, rates['tlv.decode'], rates[`${rival}.decode`])),
    rateRow('codec.tlv.encodeInto/protobufjs-encode', UNIT, rates['tlv.into'], rates['protobufjs.encode'], 10),
  ]
}

async function largeRows(settings: Settings): Promise<Row[]> {
  const all = messages(LARGE_BYTES)
  const rates = await measure(settings, { ...worksOf('tlv', tlvCodec(), all), ...(await rivalWorks(all)) })
  return RIVALS.map((rival) =>
    rateRow(`codec.tlv.64KiB.encodeDecode/${rival}`, UNIT, rates['tlv.both'], rates[`${rival}.both`]),
  )
}

async function textRows(settings: Settings): Promise<Row[]> {
  const all = messages(SMALL_BYTES)
  const rival = protobufTextCodec(await loadProtobuf())
  const frames = all.map(textCodec().prepare)
  const works = {
    ...worksOf('text', textCodec(), all),
    ...worksOf('protobufjs', rival, all),
    'text.into': into(frames, encodeTextInto),
  }
  const rates = await measure(settings, works)
  return [
    rateRow('codec.text.encodeDecode/protobufjs', UNIT, rates['text.both'], rates['protobufjs.both']),
    rateRow('codec.text.encode/protobufjs', UNIT, rates['text.encode'], rates['protobufjs.encode']),
    rateRow('codec.text.decode/protobufjs', UNIT, rates['text.decode'], rates['protobufjs.decode']),
    rateRow('codec.text.encodeInto/protobufjs-encode', UNIT, rates['text.into'], rates['protobufjs.encode']),
  ]
}

async function rivalWorks(all: readonly Message[]): Promise<Record<`${Rival}.${Direction}`, Work>> {
  return {
    ...worksOf('protobufjs', protobufCodec(await loadProtobuf()), all),
    ...worksOf('msgpackr', msgpackrCodec(), all),
    ...worksOf('cbor-x', cborCodec(), all),
  }
}

type Direction = 'encode' | 'decode' | 'both'

function worksOf<Name extends string, Value>(
  name: Name,
  codec: Codec<Value>,
  all: readonly Message[],
): Record<`${Name}.${Direction}`, Work> {
  const values = all.map(codec.prepare)
  const encoded = values.map((value) => codec.encode(value).slice())
  encoded.forEach((bytes, index) => {
    if (codec.touch(codec.decode(bytes)) !== codec.touch(values[index]!))
      throw new Error(`${name} does not read what it wrote`)
  })
  return {
    [`${name}.encode`]: inTurn(values, (value) => codec.encode(value).length),
    [`${name}.decode`]: inTurn(encoded, (bytes) => codec.touch(codec.decode(bytes))),
    [`${name}.both`]: inTurn(values, (value) => codec.touch(codec.decode(codec.encode(value)))),
  } as Record<`${Name}.${Direction}`, Work>
}

function into<Value>(values: readonly Value[], encodeInto: (value: Value, target: Uint8Array) => number): Work {
  const target = new Uint8Array(LARGE_BYTES)
  return inTurn(values, (value) => encodeInto(value, target))
}

/** The operation on each item in turn; its results are added up, so none can be left out. */
function inTurn<T>(items: readonly T[], operation: (item: T) => number): Work {
  let next = 0
  return (count) => {
    let sum = 0
    for (let i = 0; i < count; i++) {
      sum += operation(items[next]!)
      next = next + 1 === items.length ? 0 : next + 1
    }
    return sum
  }
}

function measure<Name extends string>(settings: Settings, works: Record<Name, Work>): Promise<Medians<Name>> {
  return interleaveMedians(Object.keys(works) as Name[], settings.rounds, (name) =>
    operationsPerCpuSecond(works[name], settings.spinMs),
  )
}
