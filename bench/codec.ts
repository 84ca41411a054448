import { byHandDecoder, encodeByHandInto } from './codecs/by-hand.js'
import { loadLoops } from './codecs/load-loops.js'
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
    'ours: 64-bit numbers as bigint, every field checked, byte fields decoded as views; "by-hand": the limit, code for this one message that checks nothing',
    PER_CPU_SECOND,
  ]
  return { rows, notes }
}

async function tlvRows(settings: Settings): Promise<Row[]> {
  const all = messages(SMALL_BYTES)
  const encoded = all.map((message) => tlvCodec().encode(message).slice())
  const works = {
    ...(await worksOf('tlv', tlvCodec(), all)),
    ...(await rivalWorks(all)),
    'tlv.into': (await loadLoops()).encodeIntoLoop(encodeTlvInto, all),
    'hand.into': (await loadLoops()).encodeIntoLoop(encodeByHandInto, all),
    'hand.decode': (await loadLoops()).decodeLoop(byHandDecoder(), encoded),
  }
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
    rateRow('codec.tlv.decode/by-hand', UNIT, rates['tlv.decode'], rates['hand.decode']),
    rateRow('codec.tlv.encodeInto/protobufjs-encode', UNIT, rates['tlv.into'], rates['protobufjs.encode'], 10),
    rateRow('codec.tlv.encodeInto/by-hand', UNIT, rates['tlv.into'], rates['hand.into']),
  ]
}

async function largeRows(settings: Settings): Promise<Row[]> {
  const all = messages(LARGE_BYTES)
  const rates = await measure(settings, { ...(await worksOf('tlv', tlvCodec(), all)), ...(await rivalWorks(all)) })
  return RIVALS.map((rival) =>
    rateRow(`codec.tlv.64KiB.encodeDecode/${rival}`, UNIT, rates['tlv.both'], rates[`${rival}.both`]),
  )
}

async function textRows(settings: Settings): Promise<Row[]> {
  const all = messages(SMALL_BYTES)
  const ours = textCodec()
  const rates = await measure(settings, {
    ...(await worksOf('text', ours, all)),
    ...(await worksOf('protobufjs', protobufTextCodec(await loadProtobuf()), all)),
    ...(await worksOf('msgpackr', msgpackrCodec(ours), all)),
    ...(await worksOf('cbor-x', cborCodec(ours), all)),
    'text.into': (await loadLoops()).encodeIntoLoop(encodeTextInto, all.map(ours.prepare)),
  })
  return [
    ...RIVALS.map((rival) =>
      rateRow(`codec.text.encodeDecode/${rival}`, UNIT, rates['text.both'], rates[`${rival}.both`]),
    ),
    ...RIVALS.map((rival) =>
      rateRow(`codec.text.encode/${rival}`, UNIT, rates['text.encode'], rates[`${rival}.encode`]),
    ),
    ...RIVALS.map((rival) =>
      rateRow(`codec.text.decode/${rival}`, UNIT, rates['text.decode'], rates[`${rival}.decode`]),
    ),
    rateRow('codec.text.encodeInto/protobufjs-encode', UNIT, rates['text.into'], rates['protobufjs.encode']),
  ]
}

async function rivalWorks(all: readonly Message[]): Promise<Record<`${Rival}.${Direction}`, Work>> {
  return {
    ...(await worksOf('protobufjs', protobufCodec(await loadProtobuf()), all)),
    ...(await worksOf('msgpackr', msgpackrCodec(tlvCodec()), all)),
    ...(await worksOf('cbor-x', cborCodec(tlvCodec()), all)),
  }
}

type Direction = 'encode' | 'decode' | 'both'

async function worksOf<Name extends string, Value>(
  name: Name,
  codec: Codec<Value>,
  all: readonly Message[],
): Promise<Record<`${Name}.${Direction}`, Work>> {
  const values = all.map(codec.prepare)
  const encoded = values.map((value) => codec.encode(value).slice())
  for (const [index, bytes] of encoded.entries()) {
    const isSame = codec.touch(codec.decode(bytes)) === codec.touch(values[index]!)
    if (!isSame) throw new Error(`${name} does not read what it wrote`)
  }
  const { encodeLoop, decodeLoop, roundTripLoop } = await loadLoops()
  return {
    [`${name}.encode`]: encodeLoop(codec, values),
    [`${name}.decode`]: decodeLoop(codec, encoded),
    [`${name}.both`]: roundTripLoop(codec, values),
  } as Record<`${Name}.${Direction}`, Work>
}

function measure<Name extends string>(settings: Settings, works: Record<Name, Work>): Promise<Medians<Name>> {
  return interleaveMedians(Object.keys(works) as Name[], settings.rounds, (name) =>
    operationsPerCpuSecond(works[name], settings.spinMs),
  )
}
