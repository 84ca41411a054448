import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { ByteQueue, fromHex, isWireError, type WireErrorCode } from '@mimirjs/wire'
import { FileResponseReader } from '@mimirjs/wire/content'
import { encodeFilesInit, FilesRequestReader, FilesResponseReader } from '@mimirjs/wire/files'
import { MEDIATOR_DIALECTS, MediatorRequestReader, MediatorResponseReader } from '@mimirjs/wire/mediator'
import {
  type DataStreamEvent,
  DataStreamReader,
  FrameReader,
  joinAttachment,
  splitAttachment,
} from '@mimirjs/wire/peer'
import { decodeTlvPayload, type TlvTable, type TlvValue, tlvCodec } from '@mimirjs/wire/tlv'
import type { ConformanceCodec } from '../conformance/codec.js'
import { CODECS } from '../conformance/codecs.js'
import { cut } from './cut.js'
import { Broken, type FuzzTarget } from './target.js'

const VECTORS = new URL('../../vectors/', import.meta.url)
const NOTHING = new Uint8Array(0)

interface SeedVector {
  readonly codec: string
  readonly hex?: string
  readonly text?: string
}

const vectors: readonly SeedVector[] = [
  'tlv',
  'peer',
  'files',
  'mediator',
  'link',
  'tracker',
  'multicast',
  'rendezvous',
].flatMap((folder) =>
  readdirSync(new URL(`${folder}/`, VECTORS)).flatMap(
    (file) => JSON.parse(readFileSync(fileURLToPath(new URL(`${folder}/${file}`, VECTORS)), 'utf8')) as SeedVector[],
  ),
)

/** The encoded forms of all vectors of codecs whose id starts so. */
function seedsOf(prefix: string): Uint8Array[] {
  return vectors
    .filter(({ codec }) => codec.startsWith(prefix))
    .map(({ hex, text }) => (hex === undefined ? new TextEncoder().encode(text) : fromHex(hex)))
}

/** Two vectors of one codec at a time, one behind the other. */
function pairsOf(codec: string): Uint8Array[] {
  return seedsOf(codec).map((bytes, index, all) => Uint8Array.from([...bytes, ...all[(index * 7 + 3) % all.length]!]))
}

/** What a refusal looks like. Anything else that is thrown is a bug, and goes on. */
function refusalOf(work: () => void): WireErrorCode | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (isWireError(error)) return error.code
    throw error
  }
}

/** Values that are read but never written: frames whose body was skipped, names that were cut inside a character. */
const UNWRITABLE: readonly (WireErrorCode | undefined)[] = ['unexpected-type', 'link-name']

/** A codec: refuse with a WireError, or decode; and what was decoded means the same when written and read again. */
function codecTarget(id: string, codec: ConformanceCodec): FuzzTarget {
  const read = codec.decode as (input: unknown) => unknown
  const write = codec.encode as (value: unknown, generation: string) => unknown
  return {
    name: id,
    seeds: seedsOf(id),
    feed(bytes, random) {
      const input = codec.input === 'text' ? new TextDecoder().decode(bytes) : bytes
      let value: unknown
      if (refusalOf(() => (value = read(input))) !== undefined) return
      checkOwned(value, bytes)
      let again: unknown
      const refusal = refusalOf(() => (again = write(value, random.pick(['classic', 'overlay', 'current']))))
      if (UNWRITABLE.includes(refusal)) return
      if (refusal !== undefined) throw new Broken(`decoded, but not encoded: ${refusal}`)
      checkEqual(read(again), value)
    },
  }
}

/** Bytes of a result are views of the input, or no larger than it: nothing is allocated on a promise. */
function checkOwned(value: unknown, input: Uint8Array): void {
  if (value instanceof Uint8Array) {
    if (value.length > input.length) throw new Broken(`${value.length} bytes out of ${input.length}`)
  } else if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) checkOwned(member, input)
  }
}

function checkEqual(got: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(got, expected)) throw new Broken('what was decoded changes when it is encoded and decoded')
}

interface StreamReader<Frame> {
  push(piece: Uint8Array): void
  next(): Frame | undefined
  end(): void
  readonly bufferedBytes: number
}

/** All that a reader says about a stream that comes in pieces. */
function sayings<Frame>(
  reader: StreamReader<Frame>,
  pieces: Iterable<Uint8Array>,
  note: (frame: Frame) => unknown,
): unknown[] {
  const said: unknown[] = []
  let pushed = 0
  const refusal = refusalOf(() => {
    for (const piece of pieces) {
      pushed += piece.length
      reader.push(piece)
      for (let frame: Frame | undefined; (frame = reader.next()); ) said.push(note(frame))
      if (reader.bufferedBytes > pushed) throw new Broken('more bytes held than came')
    }
    reader.end()
  })
  return [...said, refusal]
}

/** A caller that looks at the type of each frame first. */
class PeekingReader extends FrameReader {
  override push(piece: Uint8Array): void {
    super.push(piece)
    this.peekType()
  }
}

function readFrames(pieces: Iterable<Uint8Array>): unknown[] {
  return sayings(new PeekingReader(), pieces, (frame) => structuredClone(frame))
}

const frameReader: FuzzTarget = {
  name: 'peer.FrameReader',
  seeds: pairsOf('peer.'),
  feed(bytes, random) {
    checkEqual(readFrames(cut(bytes, random)), readFrames([bytes]))
  },
}

/** All that a data stream says: headers and ends, data joined to one piece, the refusal. */
function readDataStream(pieces: Iterable<Uint8Array>): unknown[] {
  const reader = new DataStreamReader()
  const said: unknown[] = []
  let data: number[] = []
  const refusal = refusalOf(() => {
    for (const piece of pieces) {
      reader.push(piece)
      for (let event: DataStreamEvent | undefined; (event = reader.next()); ) {
        if (event.type === 'data') {
          if (event.bytes.buffer !== piece.buffer) throw new Broken('data was copied')
          data.push(...event.bytes)
        } else {
          said.push(event, data)
          data = []
        }
      }
    }
    reader.end()
  })
  return [...said, data, refusal]
}

const dataStreamReader: FuzzTarget = {
  name: 'peer.DataStreamReader',
  seeds: pairsOf('peer.dataFrame'),
  feed(bytes, random) {
    checkEqual(readDataStream(cut(bytes, random)), readDataStream([bytes]))
  },
}

/** The same payload, whole and in pieces. */
const fileResponseReader: FuzzTarget = {
  name: 'peer.FileResponseReader',
  seeds: seedsOf('peer.attachment').filter((payload) => payload.length > 3),
  feed(payload, random) {
    let whole: ReturnType<typeof splitAttachment> | undefined
    const refusal = refusalOf(() => (whole = splitAttachment(payload)))
    const reader = new FileResponseReader(payload.length)
    const file: number[] = []
    const streamed = refusalOf(() => {
      for (const piece of cut(payload, random)) file.push(...reader.push(piece))
    })
    // What is too short for a length never gets that far.
    if (payload.length >= 4) checkEqual(streamed, refusal)
    if (whole === undefined) return
    checkEqual({ ...reader.received, file: Uint8Array.from(file) }, { ...whole, file: whole.file.slice() })
    checkEqual(reader.fileBytes, whole.file.length)
  },
}

/** One direction of the stream of a file server or a mediator. */
function serverReader(name: string, codec: string, opening: Uint8Array, make: () => StreamReader<object>): FuzzTarget {
  const read = (pieces: Iterable<Uint8Array>) => sayings(make(), pieces, (frame) => frame)
  return {
    name,
    seeds: pairsOf(codec).map((bytes) => Uint8Array.from([...opening, ...bytes])),
    feed(bytes, random) {
      checkEqual(read(cut(bytes, random)), read([bytes]))
    },
  }
}

const attachment: FuzzTarget = {
  name: 'peer.attachment',
  seeds: seedsOf('peer.attachment'),
  feed(payload) {
    let value: ReturnType<typeof splitAttachment> | undefined
    refusalOf(() => {
      value = splitAttachment(payload)
    })
    if (value === undefined) return
    const again = splitAttachment(joinAttachment(value))
    checkEqual([again.metadata, again.file], [value.metadata, value.file])
  },
}

const INNER = { node: { tag: 2, type: 'bytes', sizeBytes: 4 }, priority: { tag: 5, type: 'u8' } } as const
const OUTER = {
  id: { tag: 0x10, type: 'u64' },
  since: { tag: 0x14, type: 'i64', optional: true },
  port: { tag: 0x31, type: 'u16', optional: true },
  key: { tag: 0x15, type: 'bytes', sizeBytes: 4, optional: true },
  blob: { tag: 0x23, type: 'bytes', optional: true },
  name: { tag: 0x20, type: 'utf8', optional: true },
  nick: { tag: 0x22, type: 'text', optional: true },
  records: { tag: 0x0c, type: 'nested', table: INNER, repeated: true },
  limits: { tag: 0x30, type: 'u32', repeated: true },
} as const satisfies TlvTable
const compiled = tlvCodec(OUTER)
const interpreted = tlvCodec(OUTER, { engine: 'interpreted' })
const outerSeed: TlvValue<typeof OUTER> = {
  id: 42n,
  since: -7n,
  port: 5050,
  key: fromHex('01020304'),
  blob: new Uint8Array(200),
  name: 'Имя',
  nick: 'nick',
  records: [
    { node: fromHex('0a0b0c0d'), priority: 3 },
    { node: fromHex('00000000'), priority: 255 },
  ],
  limits: [1, 0xffff_ffff],
}

/** The two ways of running a table must agree about everything. */
const tlvMessage: FuzzTarget = {
  name: 'tlv.message',
  seeds: [compiled.encode(outerSeed), compiled.encode({ id: 0n, records: [], limits: [] }), ...seedsOf('tlv.payload')],
  feed(payload) {
    let value: TlvValue<typeof OUTER> | undefined
    let other: TlvValue<typeof OUTER> | undefined
    const refusal = refusalOf(() => (value = compiled.decode(payload)))
    checkEqual(
      refusalOf(() => (other = interpreted.decode(payload))),
      refusal,
    )
    checkEqual(other, value)
    if (value === undefined) return
    checkOwned(value, payload)
    checkEqual(compiled.encode(value), interpreted.encode(value))
    checkEqual(compiled.decode(interpreted.encode(value)), value)
    decodeTlvPayload(payload)
  },
}

/** A queue against a plain array. */
const byteQueue: FuzzTarget = {
  name: 'wire.ByteQueue',
  seeds: seedsOf('peer.'),
  feed(bytes, random) {
    const queue = new ByteQueue()
    const taken: number[] = []
    for (const piece of cut(bytes, random)) {
      queue.push(piece)
      const size = random.below(queue.size + 1)
      taken.push(...queue.take(size))
    }
    taken.push(...queue.take(queue.size))
    checkEqual(taken, [...bytes])
  },
}

export const wireTargets: readonly FuzzTarget[] = [
  ...Object.entries(CODECS)
    // Yggdrasil's have another error, and a file of their own.
    .filter(([id]) => id !== attachment.name && !id.startsWith('ygg.'))
    .map(([id, codec]) => codecTarget(id, codec)),
  attachment,
  frameReader,
  dataStreamReader,
  fileResponseReader,
  serverReader('files.RequestReader', 'files.requestFrame', encodeFilesInit(), () => new FilesRequestReader()),
  serverReader('files.ResponseReader', 'files.responseFrame', NOTHING, () => new FilesResponseReader()),
  ...MEDIATOR_DIALECTS.flatMap((dialect) => [
    serverReader(
      `mediator.${dialect}.RequestReader`,
      `mediator.${dialect}.requestFrame`,
      NOTHING,
      () => new MediatorRequestReader({ dialect }),
    ),
    serverReader(
      `mediator.${dialect}.ResponseReader`,
      `mediator.${dialect}.responseFrame`,
      NOTHING,
      () => new MediatorResponseReader({ dialect }),
    ),
  ]),
  tlvMessage,
  byteQueue,
]
