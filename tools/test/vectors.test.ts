import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { publicKeyFromSeed, sign, verify } from '@mimirjs/crypto'
import { fromHex, isWireError, toHex } from '@mimirjs/wire'
import { decodeFilesRequest, decodeFilesResponse, FilesRequestReader, FilesResponseReader } from '@mimirjs/wire/files'
import {
  decodeMediatorRequest,
  decodeMediatorResponse,
  MEDIATOR_DIALECTS,
  MediatorRequestReader,
  MediatorResponseReader,
} from '@mimirjs/wire/mediator'
import {
  classicGuid,
  type DataFrame,
  type DataHeader,
  type DataStreamEvent,
  DataStreamReader,
  decodeDataFrame,
  decodeFrame,
  encodeFrame,
  FrameReader,
  type PeerFrame,
  polynomialGuid,
  xxh64Guid,
} from '@mimirjs/wire/peer'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { CODECS } from '../conformance/codecs.js'
import type { Vector } from '../conformance/vector.js'

const VECTORS = fileURLToPath(new URL('../../vectors/', import.meta.url))
const ajv = new Ajv2020({ allErrors: true })

function read<T>(file: string): T {
  return JSON.parse(readFileSync(path.join(VECTORS, file), 'utf8')) as T
}

const files = readdirSync(VECTORS, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.json') && !file.endsWith('schema.json'))
const ownForm = (file: string) => /^(sequences|crypto)\//.test(file)

describe('the form', () => {
  const vector = ajv.compile(read<object>('schema.json'))
  test.each(files.filter((file) => !ownForm(file)))('%s', (file) => {
    expect(vector(read(file)), JSON.stringify(vector.errors)).toBe(true)
  })

  test.each(files.filter(ownForm))('%s', (file) => {
    const [folder, name] = file.split('/')
    const schema = read<{ $defs: object }>(`${folder}/schema.json`)
    expect(Object.keys(schema.$defs)).toContain(name)
    const check = ajv.compile({ $defs: schema.$defs, $ref: `#/$defs/${name}` })
    expect(check(read(file)), JSON.stringify(check.errors)).toBe(true)
  })

  test('refuses a vector that is none', () => {
    const good = { name: 'x', codec: 'peer.ping', hex: '00', result: 'invalid', source: 's' }
    expect(vector([good])).toBe(true)
    for (const change of [
      { result: 'maybe' },
      { hex: '0' },
      { text: 'x' },
      { value: 5 },
      { more: 1 },
      { source: undefined },
    ]) {
      expect(vector([JSON.parse(JSON.stringify({ ...good, ...change }))])).toBe(false)
    }
  })
})

test('every codec has vectors, every name is there once', () => {
  const all = files.filter((file) => !ownForm(file)).flatMap((file) => read<Vector[]>(file))
  const names = all.map(({ codec, name }) => `${codec} ${name}`)
  expect(new Set(names).size).toBe(names.length)
  for (const codec of Object.keys(CODECS)) {
    expect(all.some((vector) => vector.codec === codec && vector.result !== 'invalid')).toBe(true)
  }
})

/** No frames of the control stream: payloads, and what has a stream of its own. */
const OWN_STREAM: ReadonlySet<string> = new Set([
  'peer.attachment',
  'peer.attachmentMetadata',
  'peer.reaction',
  'peer.memberInfo',
  'peer.dataFrame',
])

describe('frames on a stream', () => {
  const frames = files
    .filter((file) => file.startsWith('peer/'))
    .flatMap((file) => read<(Vector & { hex: string })[]>(file))
    .filter(({ codec }) => !OWN_STREAM.has(codec))
  const ping = encodeFrame({ type: 'ping' }, 'classic')

  function feed(hex: string, chunkBytes: number): unknown[] {
    const reader = new FrameReader()
    const bytes = Uint8Array.from([...fromHex(hex), ...ping])
    const got: unknown[] = []
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      reader.push(bytes.subarray(at, at + chunkBytes))
      for (let frame: PeerFrame | undefined; (frame = reader.next()); ) got.push(structuredClone(frame))
    }
    return got
  }

  test.each(frames.filter(({ result }) => result !== 'invalid'))(
    '$codec $name: byte by byte, and with another behind it',
    ({ hex }) => {
      const expected = [decodeFrame(fromHex(hex)), { type: 'ping' }]
      expect(feed(hex, 1)).toEqual(expected)
      expect(feed(hex, 10_000)).toEqual(expected)
    },
  )

  const refused = frames.filter(
    ({ result, error }) =>
      result === 'invalid' && error !== 'truncated' && error !== 'trailing' && error !== 'unexpected-type',
  )
  test.each(refused)('$codec $name: refused without a byte more than there is', ({ hex, error }) => {
    const reader = new FrameReader()
    const push = (bytes: Uint8Array) => {
      reader.push(bytes)
      reader.next()
    }
    expect(() => {
      for (const byte of fromHex(hex)) push(Uint8Array.of(byte))
    }).toThrow(expect.objectContaining({ code: error }))
  })
})

/** What a reader says about `hex`, fed in pieces of so many bytes: values, and at last the code of an error. */
function readStream<T>(reader: StreamReader<T>, hex: string, chunkBytes: number): unknown[] {
  const bytes = fromHex(hex)
  const said: unknown[] = []
  try {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      reader.push(bytes.subarray(at, at + chunkBytes))
      for (let value: T | undefined; (value = reader.next()); ) said.push(structuredClone(value))
    }
    reader.end()
  } catch (error) {
    if (!isWireError(error)) throw error
    said.push(error.code)
  }
  return said
}

interface StreamReader<T> {
  push(chunk: Uint8Array): void
  next(): T | undefined
  end(): void
}

describe('data streams, file servers and mediators', () => {
  const cases = (file: string, codec: string) =>
    read<(Vector & { hex: string })[]>(file).filter((vector) => vector.codec === codec && vector.error !== 'trailing')
  const last = (said: readonly unknown[]) => said.at(-1)

  test.each(cases('peer/data-frame.json', 'peer.dataFrame'))('data frame $name', ({ hex, error }) => {
    for (const chunkBytes of [1, 7, 10_000]) {
      const said = readStream(new DataStreamReader(), error === undefined ? hex + hex : hex, chunkBytes)
      if (error !== undefined) expect(last(said)).toBe(error)
      else
        expect(framesOf(said as DataStreamEvent[])).toEqual([
          decodeDataFrame(fromHex(hex)),
          decodeDataFrame(fromHex(hex)),
        ])
    }
  })

  test.each(cases('files/frame.json', 'files.requestFrame'))('request $name', ({ hex, error }) => {
    for (const chunkBytes of [1, 7, 10_000]) {
      const said = readStream(new FilesRequestReader(), `0100${error === undefined ? hex + hex : hex}`, chunkBytes)
      if (error !== undefined) expect(said).toEqual([error])
      else expect(said).toEqual([decodeFilesRequest(fromHex(hex)), decodeFilesRequest(fromHex(hex))])
    }
  })

  test.each(cases('files/frame.json', 'files.responseFrame'))('response $name', ({ hex, error }) => {
    for (const chunkBytes of [1, 7, 10_000]) {
      const said = readStream(new FilesResponseReader(), error === undefined ? hex + hex : hex, chunkBytes)
      if (error !== undefined) expect(said).toEqual([error])
      else expect(said).toEqual([decodeFilesResponse(fromHex(hex)), decodeFilesResponse(fromHex(hex))])
    }
  })

  describe.each(MEDIATOR_DIALECTS)('mediator, %s', (dialect) => {
    test.each(cases('mediator/frames.json', `mediator.${dialect}.requestFrame`))('request $name', ({ hex, error }) => {
      for (const chunkBytes of [1, 7, 10_000]) {
        const reader = new MediatorRequestReader({ dialect })
        const said = readStream(reader, error === undefined ? hex + hex : hex, chunkBytes)
        const frame = error ?? decodeMediatorRequest(dialect, fromHex(hex))
        expect(said).toEqual(error === undefined ? [frame, frame] : [frame])
      }
    })

    test.each(cases('mediator/frames.json', `mediator.${dialect}.responseFrame`))(
      'response $name',
      ({ hex, error }) => {
        for (const chunkBytes of [1, 7, 10_000]) {
          const reader = new MediatorResponseReader({ dialect })
          const said = readStream(reader, error === undefined ? hex + hex : hex, chunkBytes)
          const frame = error ?? decodeMediatorResponse(fromHex(hex))
          expect(said).toEqual(error === undefined ? [frame, frame] : [frame])
        }
      },
    )
  })
})

/** The frames that a whole data stream consists of. */
function framesOf(events: readonly DataStreamEvent[]): DataFrame[] {
  const frames: DataFrame[] = []
  let data: number[] = []
  let header: DataHeader | undefined
  for (const event of events) {
    if (event.type === 'header') header = event.header
    else if (event.type === 'data') data.push(...event.bytes)
    else {
      const { dataBytes, ...rest } = header!
      expect(data).toHaveLength(dataBytes)
      frames.push({ ...rest, data: Uint8Array.from(data) })
      data = []
    }
  }
  return frames
}

test('sessions are made of frames that are written as they are read', () => {
  const sessions =
    read<{ generation: 'classic' | 'overlay'; frames: { type: string; hex: string }[] }[]>('sequences/sessions.json')
  for (const { generation, frames } of sessions) {
    for (const { type, hex } of frames) {
      const frame = decodeFrame(fromHex(hex))
      expect(frame.type).toBe(type)
      expect(toHex(encodeFrame(frame, generation))).toBe(hex)
    }
  }
})

describe('crypto', () => {
  test.each(read<Record<'name' | 'seed' | 'publicKey', string>[]>('crypto/keys.json'))(
    'key $name',
    ({ seed, publicKey }) => {
      expect(toHex(publicKeyFromSeed(fromHex(seed)))).toBe(publicKey)
    },
  )

  test.each(read<Record<'name' | 'seed' | 'publicKey' | 'message' | 'signature', string>[]>('crypto/signatures.json'))(
    'signature $name',
    ({ seed, publicKey, message, signature }) => {
      expect(toHex(sign(fromHex(message), fromHex(seed)))).toBe(signature)
      expect(verify(fromHex(signature), fromHex(message), fromHex(publicKey))).toBe(true)
    },
  )

  test.each(
    read<(Record<'name' | 'publicKey' | 'message' | 'signature', string> & { valid: boolean })[]>(
      'crypto/tracker-records.json',
    ),
  )('record $name', ({ publicKey, message, signature, valid }) => {
    expect(verify(fromHex(signature), fromHex(message), fromHex(publicKey))).toBe(valid)
  })

  const formulas = { classic: classicGuid, polynomial: polynomialGuid, xxh64: xxh64Guid }
  test.each(
    read<{ name: string; formula: keyof typeof formulas; stored: string; timeMs: string; guid: string }[]>(
      'crypto/guids.json',
    ),
  )('guid $name', ({ formula, stored, timeMs, guid }) => {
    expect(String(formulas[formula](fromHex(stored), BigInt(timeMs)))).toBe(guid)
  })

  test.each(read<{ name: string; timeMs: string; challenge: string }[]>('crypto/legacy-challenges.json'))(
    'predictable challenge $name',
    ({ timeMs, challenge }) => {
      expect(toHex(clockSeededBytes(BigInt(timeMs)))).toBe(challenge)
    },
  )

  test.each(
    read<
      (Record<
        'name' | 'random' | 'verifierKey' | 'signerKey' | 'verifierAddress' | 'signerAddress' | 'challenge',
        string
      > & { role: number })[]
    >('crypto/bound-challenges.json'),
  )('bound challenge $name', ({ role, random, verifierKey, signerKey, verifierAddress, signerAddress, challenge }) => {
    const withLength = (hex: string) => [hex.length / 2, ...fromHex(hex)]
    const bound = Uint8Array.from([
      ...new TextEncoder().encode('mimir-peer-challenge-1'),
      0,
      role,
      ...fromHex(random + verifierKey + signerKey),
      ...withLength(verifierAddress),
      ...withLength(signerAddress),
    ])
    const digest = createHash('sha256').update(bound).digest('hex')
    expect(random + digest.slice(0, 32)).toBe(challenge)
  })
})

/** 32 bytes of the 48-bit linear congruential generator that the originals seed with the clock. */
function clockSeededBytes(seed: bigint): Uint8Array {
  const mask = (1n << 48n) - 1n
  let state = (seed ^ 0x5deece66dn) & mask
  const bytes = new Uint8Array(32)
  for (let at = 0; at < bytes.length; at += 4) {
    state = (state * 0x5deece66dn + 0xbn) & mask
    new DataView(bytes.buffer).setUint32(at, Number(state >> 16n), true)
  }
  return bytes
}
