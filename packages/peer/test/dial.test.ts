import { describe, expect, test } from 'vitest'
import { type Attempt, Dial } from '../src/dial.js'
import { PeerError } from '../src/error.js'

const dialOf = (attempt: Attempt<string>, addresses: string[], onSettled = () => {}): Dial<string> => {
  const dial = new Dial(attempt, 4, onSettled)
  dial.add(addresses)
  return dial
}
const never: Attempt<string> = (_, signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('called off')))
  })

describe('dial', () => {
  test('addresses in order, until one works', async () => {
    const tried: string[] = []
    let settled = 0
    const attempt: Attempt<string> = async (address) => {
      tried.push(address)
      if (address !== 'c') throw new PeerError('timeout', 'no')
      return `connection to ${address}`
    }
    const dial = dialOf(attempt, ['a', 'b', 'a', 'c', 'd'], () => settled++)
    const [first, second] = [dial.wait(), dial.wait()]
    await dial.run()
    expect([await first, await second]).toEqual(['connection to c', 'connection to c'])
    expect(tried).toEqual(['a', 'b', 'c'])
    expect(settled).toBe(1)
  })

  test('nothing works: the error lists what each address said', async () => {
    const attempt: Attempt<string> = async (address) => {
      throw new PeerError(address === 'a' ? 'timeout' : 'wrong-receiver', 'no')
    }
    const dial = dialOf(attempt, ['a', 'b'])
    const waiting = dial.wait()
    await dial.run()
    await expect(waiting).rejects.toMatchObject({
      code: 'unreachable',
      blame: 'transport',
      message: 'no address led to READY (a: timeout, b: wrong-receiver)',
      cause: { errors: [{ code: 'timeout' }, { code: 'wrong-receiver' }] },
    })
  })

  test('no address at all', async () => {
    const dial = dialOf(never, [])
    const waiting = dial.wait()
    await dial.run()
    await expect(waiting).rejects.toMatchObject({ code: 'unreachable' })
  })

  test('an impostor is the news', async () => {
    const attempt: Attempt<string> = async (address) => {
      throw new PeerError(address === 'a' ? 'bad-signature' : 'timeout', 'no')
    }
    const dial = dialOf(attempt, ['a', 'b'])
    const waiting = dial.wait()
    await dial.run()
    await expect(waiting).rejects.toMatchObject({ code: 'bad-signature', blame: 'remote' })
  })

  test('more addresses while it runs, and a ceiling', async () => {
    const tried: string[] = []
    const attempt: Attempt<string> = async (address) => {
      tried.push(address)
      if (address === 'a') dial.add(['b', 'a', 'c', 'd', 'e'])
      throw new Error('no')
    }
    const dial: Dial<string> = dialOf(attempt, ['a'])
    const waiting = dial.wait().catch(() => {})
    await dial.run()
    await waiting
    expect(tried).toEqual(['a', 'b', 'c', 'd'])
  })

  test('one gives up, the other gets it; the last one calls the attempt off', async () => {
    const [one, other] = [new AbortController(), new AbortController()]
    const dial = dialOf(never, ['a', 'b'])
    const [first, second] = [dial.wait(one.signal), dial.wait(other.signal)]
    const running = dial.run()
    one.abort(new Error('bored'))
    await expect(first).rejects.toMatchObject({ code: 'aborted', blame: 'local', cause: { message: 'bored' } })
    other.abort()
    await expect(second).rejects.toMatchObject({ code: 'aborted' })
    await running
  })

  test('a connection from elsewhere ends it', async () => {
    const dial = dialOf(never, ['a', 'b'])
    const waiting = dial.wait()
    const running = dial.run()
    dial.preempt('they came to us')
    expect(await waiting).toBe('they came to us')
    await running
  })
})
