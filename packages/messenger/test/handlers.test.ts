import { expect, test } from 'vitest'
import { Handlers, NOT_TAKEN } from '../src/handlers.js'
import type { IncomingMessage } from '../src/index.js'

const message = { text: 'hello' } as IncomingMessage

test('one after the other, whatever one of them throws', async () => {
  const handlers = new Handlers()
  const seen: string[] = []
  const errors: unknown[] = []
  handlers.add(async () => {
    await new Promise((resolve) => setImmediate(resolve))
    seen.push('first')
  })
  handlers.add(() => {
    throw new Error('second')
  })
  handlers.add(() => seen.push('third'))
  expect(await handlers.run(message, (error) => errors.push(error))).toBe(true)
  expect(seen).toEqual(['first', 'third'])
  expect(errors).toMatchObject([{ message: 'second' }])
})

test('a message that nobody looked at was not taken', async () => {
  const handlers = new Handlers()
  expect(await handlers.run(message, () => {})).toBe(false)
  const lazy = (): typeof NOT_TAKEN => NOT_TAKEN
  handlers.add(lazy)
  expect(await handlers.run(message, () => {})).toBe(false)
  handlers.add(() => {})
  expect([handlers.isEmpty, await handlers.run(message, () => {})]).toEqual([false, true])
  handlers.delete(lazy)
  expect(handlers.isEmpty).toBe(false)
})

test('whoever waits for all handlers from inside one is not waited for; others are', async () => {
  const handlers = new Handlers()
  let release: () => void = () => {}
  let isInside = false
  handlers.add(async ({ text }) => {
    isInside = text === 'stop'
    if (isInside) handlers.finishCaller()
    await new Promise<void>((resolve) => {
      release = resolve
    })
  })
  expect(await handlers.run({ ...message, text: 'stop' }, () => {})).toBe(true)
  let done = false
  const other = handlers
    .run(message, () => {})
    .then(() => {
      done = true
    })
  handlers.finishCaller()
  await new Promise((resolve) => setImmediate(resolve))
  expect(done).toBe(false)
  release()
  await other
})
