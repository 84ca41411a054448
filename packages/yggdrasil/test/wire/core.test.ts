import { expect, test } from 'vitest'
import { type CoreMessage, DebugType, decodeCoreMessage, encodeCoreMessage } from '../../src/wire/core.js'
import { bytesOf, codeOf, expectTotal } from './support/bytes.js'

const SAMPLES: readonly [CoreMessage, string][] = [
  [{ type: 'dummy' }, '00'],
  [{ type: 'raw', packet: bytesOf('c0ffee') }, '01c0ffee'],
  [{ type: 'nodeInfoRequest' }, '0201'],
  [{ type: 'nodeInfoResponse', json: bytesOf('7b7d') }, '02027b7d'],
  [{ type: 'debug', debugType: DebugType.getSelfRequest, body: new Uint8Array(0) }, '02ff01'],
  [{ type: 'debug', debugType: DebugType.getPeersResponse, body: bytesOf('aabb') }, '02ff04aabb'],
]

test.each(SAMPLES)('%o', (message, hex) => {
  expect(encodeCoreMessage(message)).toEqual(bytesOf(hex))
  expect(decodeCoreMessage(bytesOf(hex))).toEqual(message)
})

test('dummies and requests may have something behind them', () => {
  expect(decodeCoreMessage(bytesOf('00ff'))).toEqual({ type: 'dummy' })
  expect(decodeCoreMessage(bytesOf('0200ff'))).toEqual({ type: 'dummy' })
  expect(decodeCoreMessage(bytesOf('0201ff'))).toEqual({ type: 'nodeInfoRequest' })
})

test.each(['', '03', 'c0', '02', '0203', '02ff'])('%s is none', (hex) => {
  expect(codeOf(() => decodeCoreMessage(bytesOf(hex)))).toBe('malformed')
})

test('a debug type is a byte', () => {
  expect(codeOf(() => encodeCoreMessage({ type: 'debug', debugType: 256, body: new Uint8Array(0) }))).toBe('misuse')
})

test('any bytes are a message or refused', () => {
  expectTotal(
    SAMPLES.map(([, hex]) => bytesOf(hex)),
    decodeCoreMessage,
    encodeCoreMessage,
  )
})
