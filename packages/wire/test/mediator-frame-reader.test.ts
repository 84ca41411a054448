import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex } from '../src/index.js'
import {
  encodeMediatorRequest,
  encodeMediatorResponse,
  encodeRequestFrame,
  MAX_MEDIATOR_REQUEST_BYTES,
  MAX_MEDIATOR_RESPONSE_BYTES,
  MEDIATOR_DIALECTS,
  type MediatorDialect,
  MediatorRequestReader,
  MediatorResponseReader,
} from '../src/mediator/index.js'
import { chunks, concat, cuts } from './support/cuts.js'
import { codeOf } from './support/errors.js'
import { mutated } from './support/mutate.js'

type Reader = MediatorRequestReader | MediatorResponseReader

const payload = fc.uint8Array({ maxLength: 300 })
const request = fc.record({ command: fc.nat(255), requestId: fc.nat(0xffff), payload })
const response = fc.record({ status: fc.constantFrom(0, 1, 2), id: fc.nat(0xffff), payload })

function readAll(reader: Reader, bytes: Uint8Array, sizes: readonly number[]): unknown[] {
  const said: unknown[] = []
  const code = codeOf(() => {
    for (const chunk of chunks(bytes, sizes)) {
      reader.push(chunk)
      for (let frame: object | undefined; (frame = reader.next()); ) said.push(frame)
    }
    reader.end()
  })
  return code === undefined ? said : [...said, code]
}

/** The header of a request that promises so many bytes. */
function requestHeader(dialect: MediatorDialect, payloadBytes: number): Uint8Array {
  const length = payloadBytes.toString(16).padStart(8, '0')
  return fromHex(`${dialect === 'binary' ? '01' : ''}301001${length}`)
}

describe.each(MEDIATOR_DIALECTS)('%s', (dialect) => {
  test('frames cut anyhow are the same frames, and belong to the caller', () => {
    const property = fc.property(fc.array(request), fc.array(response), cuts, (asked, told, sizes) => {
      const requests = concat(asked.map((each) => encodeMediatorRequest(dialect, each)))
      expect(readAll(new MediatorRequestReader({ dialect }), requests, sizes)).toEqual(asked)
      const responses = concat(told.map(encodeMediatorResponse))
      expect(readAll(new MediatorResponseReader({ dialect }), responses, sizes)).toEqual(told)
    })
    fc.assert(property, { seed: 1 })
  })

  test('any bytes give the same frames and the same error, cut or not', () => {
    const seeds = fc.sample(request, { seed: 3, numRuns: 20 }).map((each) => {
      return concat([encodeMediatorRequest(dialect, each), encodeMediatorRequest(dialect, each)])
    })
    const property = fc.property(mutated(seeds), cuts, (bytes, sizes) => {
      for (const make of [
        () => new MediatorRequestReader({ dialect }),
        () => new MediatorResponseReader({ dialect }),
      ]) {
        expect(readAll(make(), bytes, sizes)).toEqual(readAll(make(), bytes, [bytes.length + 1]))
      }
    })
    fc.assert(property, { seed: 2, numRuns: 500 })
  })

  test('a stream cut off inside a frame is truncated, between frames it is not', () => {
    const frame = encodeRequestFrame(dialect, 7, 'subscribe', { chatId: 1n })
    const whole = concat([frame, frame])
    for (let end = 0; end <= whole.length; end++) {
      const said = readAll(new MediatorRequestReader({ dialect }), whole.subarray(0, end), [5])
      expect(said.at(-1) === 'truncated').toBe(end % frame.length !== 0)
    }
  })

  test('a request above the ceiling is refused at its header, and its id is known', () => {
    const most = MAX_MEDIATOR_REQUEST_BYTES[dialect]
    const reader = new MediatorRequestReader({ dialect })
    reader.push(requestHeader(dialect, most + 1))
    expect(codeOf(() => reader.next())).toBe('frame-too-large')
    expect(reader.refusedRequestId).toBe(0x1001)
    expect(reader.bufferedBytes).toBe(0)
    reader.push(new Uint8Array(1000))
    expect(codeOf(() => reader.next())).toBe('frame-too-large')
    expect(reader.bufferedBytes).toBe(0)

    const taken = new MediatorRequestReader({ dialect })
    taken.push(requestHeader(dialect, most))
    expect(taken.next()).toBeUndefined()
    expect(taken.refusedRequestId).toBeUndefined()
  })

  test('the limit can be raised once the client is known, also for what has arrived', () => {
    const reader = new MediatorRequestReader({ dialect, maxPayloadBytes: 4 })
    const small = encodeMediatorRequest(dialect, { command: 1, requestId: 1, payload: new Uint8Array(4) })
    const large = encodeMediatorRequest(dialect, { command: 2, requestId: 2, payload: new Uint8Array(5) })
    reader.push(concat([small, large, large]))
    expect(reader.next()?.command).toBe(1)
    reader.maxPayloadBytes = 5
    expect(reader.next()?.command).toBe(2)
    reader.maxPayloadBytes = 4
    expect(codeOf(() => reader.next())).toBe('frame-too-large')
    expect(reader.refusedRequestId).toBe(2)
  })

  test('no limit of the caller lifts that of the protocol', () => {
    const reader = new MediatorRequestReader({ dialect, maxPayloadBytes: Number.MAX_SAFE_INTEGER })
    expect(reader.maxPayloadBytes).toBe(MAX_MEDIATOR_REQUEST_BYTES[dialect])
    reader.maxPayloadBytes = Number.MAX_SAFE_INTEGER
    expect(reader.maxPayloadBytes).toBe(MAX_MEDIATOR_REQUEST_BYTES[dialect])
  })

  test('a client refuses an answer above its ceiling, and a status that is none at the first byte', () => {
    const reader = new MediatorResponseReader({ dialect })
    reader.push(fromHex(`001001${(MAX_MEDIATOR_RESPONSE_BYTES + 1).toString(16).padStart(8, '0')}`))
    expect(codeOf(() => reader.next())).toBe('frame-too-large')
    expect(readAll(new MediatorResponseReader({ dialect }), fromHex('03'), [1])).toEqual(['unexpected-type'])
  })
})

test('another version than 01 is refused at the first byte, in binary alone', () => {
  expect(readAll(new MediatorRequestReader({ dialect: 'binary' }), fromHex('02'), [1])).toEqual(['unexpected-type'])
  expect(readAll(new MediatorRequestReader({ dialect: 'tlv' }), fromHex('02'), [1])).toEqual(['truncated'])
})

test('what was promised and did not come is not held, and a frame that has begun can be seen', () => {
  const reader = new MediatorRequestReader({ dialect: 'tlv-push' })
  expect(reader.bufferedBytes).toBe(0)
  reader.push(concat([requestHeader('tlv-push', 50_000_000), fromHex('aabbcc')]))
  expect(reader.next()).toBeUndefined()
  expect(reader.bufferedBytes).toBe(10)
})
