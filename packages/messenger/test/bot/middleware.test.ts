import { expect, test } from 'vitest'
import { type Middleware, runThrough } from '../../src/bot/middleware.js'
import type { IncomingMessage } from '../../src/index.js'

const message = { text: 'hello' } as IncomingMessage
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function run(middleware: readonly Middleware[], core: () => Promise<boolean>): Promise<boolean> {
  return runThrough(middleware, message, core, async (work) => work())
}

test('runs around the core, in order, and is given the message', async () => {
  const seen: string[] = []
  const around =
    (name: string): Middleware =>
    async ({ text }, next) => {
      seen.push(`${name} before ${text}`)
      await next()
      seen.push(`${name} after`)
    }
  const core = async (): Promise<boolean> => {
    await turn()
    seen.push('core')
    return false
  }
  expect(await run([around('a'), around('b')], core)).toBe(false)
  expect(seen).toEqual(['a before hello', 'b before hello', 'core', 'b after', 'a after'])
  expect(await run([], async () => true)).toBe(true)
})

test('without next the message ends there, and is taken', async () => {
  let reached = false
  const core = async (): Promise<boolean> => {
    reached = true
    return false
  }
  expect(await run([() => {}, (_, next) => next()], core)).toBe(true)
  expect(reached).toBe(false)
})

test('may catch what comes from inside; what it does not catch goes on', async () => {
  const core = async (): Promise<boolean> => {
    await turn()
    throw new Error('inside')
  }
  const caught: unknown[] = []
  const catching: Middleware = async (_, next) => {
    try {
      await next()
    } catch (error) {
      caught.push(error)
    }
  }
  expect(await run([catching], core)).toBe(true)
  expect(caught).toMatchObject([{ message: 'inside' }])
  await expect(run([(_, next) => next()], core)).rejects.toThrow('inside')
})

test('who does not wait for next is waited for all the same, and loses no error', async () => {
  let finish = (result: boolean): void => void result
  let over = false
  const core = (): Promise<boolean> =>
    new Promise((resolve) => {
      finish = resolve
    })
  const hasty: Middleware = (_, next) => {
    void next()
  }
  const work = run([hasty], core).then((taken) => {
    over = true
    return taken
  })
  await turn()
  expect(over).toBe(false)
  finish(true)
  expect(await work).toBe(true)
  const failing = async (): Promise<boolean> => {
    await turn()
    throw new Error('inside')
  }
  const careless: Middleware = (_, next) => {
    next().catch(() => {})
  }
  await expect(run([careless], failing)).rejects.toThrow('inside')
})

test('next is called once', async () => {
  let runs = 0
  const core = async (): Promise<boolean> => {
    runs += 1
    return true
  }
  const twice: Middleware = async (_, next) => {
    await next()
    await next()
  }
  await expect(run([twice], core)).rejects.toThrow(/second time/)
  expect(runs).toBe(1)
})
