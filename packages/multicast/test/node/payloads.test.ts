import { expect, test } from 'vitest'
import { bytes, failure, pair } from './support.js'

// As a program in JavaScript might have it.

test.each(['hi', undefined, null, 7, [1, 2], new ArrayBuffer(2)])('what is no bytes is not sent: %s', async (given) => {
  const { memory, a, b } = await pair()
  b.answer((payload) => payload)
  const session = await a.connect(b.address)
  const { sent } = memory
  const error = await failure(session.request(given as never))
  expect(error).toMatchObject({ name: 'MulticastError', code: 'misuse' })
  expect(error.message).toMatch(/expected a Uint8Array, got/)
  const { datagrams } = session
  const peer = datagrams.peer(b.address)
  expect(() => datagrams.send(given as never, peer)).toThrow(expect.objectContaining({ code: 'misuse' }))
  expect(() => datagrams.send(bytes('x'), undefined as never)).toThrow(expect.objectContaining({ code: 'misuse' }))
  expect(memory.sent).toBe(sent)
  expect(await session.request(bytes('bytes'))).toEqual(bytes('bytes'))
})

test.each([
  ['at once', (value: unknown) => value],
  ['later', (value: unknown) => Promise.resolve(value)],
])('an answer that is no bytes is told of, and not sent: %s', async (_, give) => {
  const { a, b } = await pair({ initiator: { unitMs: 5, limits: { requestRepeats: 0 } }, responder: {} })
  const told: unknown[] = []
  b.on('error', ({ error }) => told.push(error))
  const returned = ['hi', null, 7]
  b.answer(() => give(returned[told.length]) as never)
  const session = await a.connect(b.address)
  for (const _value of returned) expect((await failure(session.request(bytes('?')))).code).toBe('no-answer')
  expect(told).toHaveLength(returned.length)
  for (const error of told) {
    expect(error).toMatchObject({ name: 'MulticastError', code: 'misuse', message: expect.stringMatching(/^answer: /) })
  }
})
