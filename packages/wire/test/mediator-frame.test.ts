import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../src/index.js'
import {
  decodeMediatorError,
  decodeMediatorRequest,
  decodeMediatorResponse,
  encodeErrorFrame,
  encodeMediatorError,
  encodeMediatorInit,
  encodeMediatorRequest,
  encodeMediatorResponse,
  encodePushFrame,
  encodeRequestFrame,
  encodeResponseHeader,
  MAX_MEDIATOR_REQUEST_BYTES,
  MAX_MEDIATOR_RESPONSE_BYTES,
  MEDIATOR_DIALECTS,
  MediatorCommand,
  MediatorPush,
  mediatorCommandName,
  mediatorInitBytes,
  mediatorPushName,
  peekMediatorInit,
  RESERVED_REQUEST_IDS,
} from '../src/mediator/index.js'
import { codeOf } from './support/errors.js'
import { COMMANDS, PAYLOADS, REQUEST_ID } from './support/mediator-codecs.js'

describe.each(PAYLOADS)('$name', ({ kind, dialect, values, encode, frame }) => {
  const decode = (bytes: Uint8Array) =>
    kind === 'request' ? decodeMediatorRequest(dialect, bytes) : decodeMediatorResponse(bytes)

  test('the frame is a header and the payload', () => {
    for (const value of fc.sample(values, { seed: 1, numRuns: 10 })) {
      const bytes = frame(value)
      const payload = encode(value)
      const got = decode(bytes)
      expect(got.payload).toEqual(payload)
      expect(bytes).toHaveLength(payload.length + (kind === 'request' && dialect === 'binary' ? 8 : 7))
      if ('command' in got) expect(got.requestId).toBe(REQUEST_ID)
      else if (kind === 'response') expect(got).toMatchObject({ status: 0, id: REQUEST_ID })
      else expect(got.status).toBe(dialect === 'tlv-push' ? 2 : 0)
    }
  })

  test('cut off anywhere it is truncated, with a byte more trailing', () => {
    const [value] = fc.sample(values, { seed: 2, numRuns: 1 }) as [object]
    const bytes = frame(value)
    for (let end = 0; end < bytes.length; end++) expect(codeOf(() => decode(bytes.subarray(0, end)))).toBe('truncated')
    expect(codeOf(() => decode(Uint8Array.from([...bytes, 0])))).toBe('trailing')
  })
})

test('headers, by the letter', () => {
  expect(toHex(encodeRequestFrame('binary', 0x1234, 'subscribe', { chatId: 5n }))).toBe(
    `01351234000000080000000000000005`,
  )
  expect(toHex(encodeRequestFrame('tlv', 0x1234, 'subscribe', { chatId: 5n }))).toBe(
    `3512340000000a10080000000000000005`,
  )
  expect(toHex(encodeErrorFrame(0x1234, 'no'))).toBe('0112340000000400026e6f')
  expect(toHex(encodeResponseHeader(0x1234, 258))).toBe('00123400000102')
  const asked = { chatId: 5n, lastUpdateSeconds: 0n }
  expect(toHex(encodePushFrame('binary', 'requestMemberInfo', asked).subarray(0, 3))).toBe('000051')
  expect(toHex(encodePushFrame('tlv', 'requestMemberInfo', asked).subarray(0, 3))).toBe('000051')
  expect(toHex(encodePushFrame('tlv-push', 'requestMemberInfo', asked).subarray(0, 3))).toBe('020051')
})

describe('what is refused', () => {
  test.each(MEDIATOR_DIALECTS)('a request that is too long, %s', (dialect) => {
    const most = MAX_MEDIATOR_REQUEST_BYTES[dialect]
    const blob = new Uint8Array(most)
    expect(codeOf(() => encodeRequestFrame(dialect, 1, 'sendMessage', { chatId: 1n, guid: 1n, blob }))).toBe(
      'frame-too-large',
    )
    const longer = new Uint8Array(most + 1)
    expect(codeOf(() => encodeMediatorRequest(dialect, { command: 1, requestId: 1, payload: longer }))).toBe(
      'frame-too-large',
    )
    expect(encodeMediatorRequest(dialect, { command: 1, requestId: 1, payload: blob })).toBeDefined()
  })

  test('an answer that is too long', () => {
    expect(codeOf(() => encodeResponseHeader(1, MAX_MEDIATOR_RESPONSE_BYTES + 1))).toBe('frame-too-large')
    expect(codeOf(() => encodeResponseHeader(1, MAX_MEDIATOR_RESPONSE_BYTES))).toBeUndefined()
    const payload = new Uint8Array(MAX_MEDIATOR_RESPONSE_BYTES + 1)
    expect(codeOf(() => encodeMediatorResponse({ status: 0, id: 1, payload }))).toBe('frame-too-large')
  })

  test('an id or a command that does not fit, a status that is none', () => {
    const payload = new Uint8Array(0)
    expect(codeOf(() => encodeRequestFrame('tlv', 0x1_0000, 'ping', {}))).toBe('out-of-range')
    expect(codeOf(() => encodeResponseHeader(-1, 0))).toBe('out-of-range')
    expect(codeOf(() => encodeMediatorRequest('tlv', { command: 256, requestId: 1, payload }))).toBe('out-of-range')
    expect(codeOf(() => encodeMediatorResponse({ status: 3, id: 1, payload }))).toBe('unexpected-type')
  })
})

test('errors: the text and nothing else, in every dialect', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(decodeMediatorError(encodeMediatorError(text))).toBe(text)
    }),
    { seed: 3 },
  )
  expect(decodeMediatorError(fromHex('000a6162'))).toBe('')
  expect(decodeMediatorError(fromHex('00'))).toBe('')
  expect(codeOf(() => encodeErrorFrame(1, 'x'.repeat(65_536)))).toBe('length')
})

describe('the opening', () => {
  test.each(MEDIATOR_DIALECTS)('of %s is recognised as soon as it is there', (dialect) => {
    const init = encodeMediatorInit(dialect)
    const layout = dialect === 'binary' ? 'binary' : 'tlv'
    for (let end = 0; end < init.length; end++) expect(peekMediatorInit(init.subarray(0, end))).toBeUndefined()
    expect(peekMediatorInit(init)).toBe(layout)
    expect(peekMediatorInit(Uint8Array.from([...init, 0x01]))).toBe(layout)
    expect(mediatorInitBytes(layout)).toBe(init.length)
  })

  test.each(['02', 'ff00', '0101', '01ff'])('%s is none', (hex) => {
    expect(codeOf(() => peekMediatorInit(fromHex(hex)))).toBe('unexpected-type')
  })
})

describe('codes', () => {
  test('names of commands and pushes', () => {
    for (const command of COMMANDS) expect(mediatorCommandName('tlv', MediatorCommand[command])).toBe(command)
    expect(mediatorCommandName('binary', 0x12)).toBeUndefined()
    expect(mediatorCommandName('binary', 0x55)).toBeUndefined()
    expect(mediatorCommandName('binary', 0x53)).toBe('getMembers')
    expect(mediatorCommandName('tlv', 0x32)).toBeUndefined()
    for (const [name, code] of Object.entries(MediatorPush)) expect(mediatorPushName(code)).toBe(name)
    expect(mediatorPushName(0x34)).toBeUndefined()
  })

  test('no push has a code that a client may take for an id', () => {
    for (const code of Object.values(MediatorPush)) expect(RESERVED_REQUEST_IDS).toContain(code)
    expect(RESERVED_REQUEST_IDS).toEqual([0, 0x32, 0x34, 0x41, 0x51, 0x54])
  })
})
