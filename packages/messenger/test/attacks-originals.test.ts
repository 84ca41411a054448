// Originals with their faults (current protocol §7, §11.3, §20), by hand: what they lose, close and forget must cost us
// time at most, never a message.
import { toHex } from '@mimirjs/wire'
import { decodeDataFrame, type PeerFrame } from '@mimirjs/wire/peer'
import { describe, expect, test, vi } from 'vitest'
import { createMemoryStore, type MessengerOptions } from '../src/index.js'
import { createOverlay, dataOf, type Hand, type Line, text } from './support/by-hand.js'
import { type CurrentPerson, listenTo, settle } from './support/current.js'

const RETRY = { minMs: 1_000, maxMs: 120_000 }

async function pair(options: MessengerOptions = {}) {
  const overlay = createOverlay()
  const ben = await overlay.person({ name: 'Ben', retry: RETRY, ...options })
  return { ...overlay, ben, eve: overlay.hand() }
}

/** What Eve's program does with every text: keep it, and say OK. */
function keeper() {
  const kept: bigint[] = []
  const serve = (line: Line): void => {
    let done = 0
    void line.control.until(() => {
      const texts = line.of('text')
      for (; done < texts.length; done++) {
        const { guid } = texts[done]!
        kept.push(guid)
        if (!line.control.closed) line.say({ type: 'ok', id: guid })
      }
      return line.control.closed
    })
  }
  return { kept, serve }
}

const statesOf = async ({ messenger }: CurrentPerson, { key }: Hand) =>
  (await messenger.history(key)).reverse().map(({ state }) => state)

describe('both dial at once', () => {
  test.each(['ours', 'theirs'] as const)(
    'the original keeps %s and closes the other: nothing is lost',
    async (keeps) => {
      const { ben, eve, pass } = await pair()
      const { kept, serve } = keeper()
      let theirs: Line | undefined
      await eve.answer((ours) => {
        if (keeps === 'theirs') return
        theirs?.control.stream.end()
        serve(ours)
      })
      ben.messenger.addAddress(eve.key, eve.address)
      const sending = Array.from({ length: 40 }, (_, at) => ben.messenger.send(eve.key, `${at}`))
      theirs = await eve.dial(ben)
      serve(theirs)
      const sent = await Promise.all(sending)
      await eve.until(() => eve.lines.length > 0)
      if (keeps === 'theirs') eve.lines[0]!.control.stream.end()
      await pass(10_000)
      expect(new Set(kept.map(String))).toEqual(new Set(sent.map(({ id }) => id)))
      expect(await statesOf(ben, eve)).toEqual(sent.map(() => 'delivered'))
      const survivor = keeps === 'ours' ? eve.lines[0]! : theirs
      expect(survivor.control.closed || survivor.control.ended).toBe(false)
    },
  )

  test('each side closes what the other one keeps, again and again: no storm of dials, and in the end it arrives', async () => {
    const { ben, eve, clock, pass } = await pair()
    const { kept, serve } = keeper()
    const dialledMs: number[] = []
    let isHealed = false
    await eve.answer((line) => {
      dialledMs.push(clock.nowMs())
      if (isHealed) serve(line)
      else line.control.stream.end()
    })
    ben.messenger.addAddress(eve.key, eve.address)
    const sent = await ben.messenger.send(eve.key, 'hello')
    await pass(60_000, 100)
    // 0, 1, 2, 4, 8 … s, each give or take a fifth.
    expect(dialledMs.length).toBeGreaterThanOrEqual(5)
    expect(dialledMs.length).toBeLessThanOrEqual(9)
    isHealed = true
    await pass(120_000)
    expect(kept.map(String)).toEqual([sent.id])
  })
})

describe('an original that removed the wrong entries from its tables', () => {
  test('takes texts and says nothing about data frames: all is begun anew, once, and what can arrive arrives', async () => {
    const { ben, eve, pass } = await pair()
    const { kept, serve } = keeper()
    await eve.answer(serve)
    ben.messenger.addAddress(eve.key, eve.address)
    const waiting = listenTo(ben.messenger, 'waiting')
    const large = await ben.messenger.send(eve.key, 'x'.repeat(100_000))
    const small = [await ben.messenger.send(eve.key, '1'), await ben.messenger.send(eve.key, '2')]
    await eve.until(() => eve.data.length === 1)
    await pass(70_000)
    expect(eve.lines.length, 'all connections were closed, and another one made').toBeGreaterThanOrEqual(2)
    expect(eve.lines[0]!.control.closed).toBe(true)
    await pass(70_000)
    expect(waiting).toEqual([large])
    expect(kept.map(String)).toEqual(small.map(({ id }) => id))
    expect(await statesOf(ben, eve)).toEqual(['waiting', 'delivered', 'delivered'])
    const written = eve.data.filter(({ bytes }) => bytes.length > 1 + 100_000)
    expect(written).toHaveLength(2)
  })

  test('knows the way again on the next connection: the data frame arrives there', async () => {
    const { ben, eve, pass } = await pair()
    const { serve } = keeper()
    await eve.answer((line) => {
      serve(line)
      if (eve.lines.length < 2) return
      void eve
        .until(() => eve.data.length === 2)
        .then(() => eve.data[1]!.until(() => eve.data[1]!.bytes.length === 1 + 44 + 100_000))
        .then(() => line.say({ type: 'ok', id: decodeDataFrame(eve.data[1]!.bytes.slice(1)).guid }))
    })
    ben.messenger.addAddress(eve.key, eve.address)
    const large = await ben.messenger.send(eve.key, 'x'.repeat(100_000))
    await pass(80_000)
    await ben.messenger.whenDelivered(large)
  })

  test('refuses every data stream: given up there, tried on another connection, and in order when it takes them', async () => {
    const { ben, eve, pass } = await pair()
    const { kept, serve } = keeper()
    await eve.answer(serve)
    ben.messenger.addAddress(eve.key, eve.address)
    await ben.messenger.send(eve.key, 'x'.repeat(100_000))
    const small = await ben.messenger.send(eve.key, 'small')
    let reset = 0
    for (let second = 0; second < 120; second++) {
      await pass(1_000)
      for (; reset < eve.data.length; reset++) eve.data[reset]!.stream.abort()
    }
    expect(eve.lines.length).toBeGreaterThan(1)
    expect(reset).toBeGreaterThan(2)
    expect(reset, 'no storm').toBeLessThan(40)
    expect(kept).toEqual([])
    await pass(120_000)
    const data = eve.data.at(-1)!
    await data.until(() => data.bytes.length === 1 + 44 + 100_000)
    eve.lines.at(-1)!.say({ type: 'ok', id: decodeDataFrame(data.bytes.slice(1)).guid })
    await ben.messenger.whenDelivered(small)
    expect(kept.map(String)).toEqual([small.id])
  })

  test('answers for a data frame on another connection of its own', async () => {
    const { ben, eve } = await pair()
    await eve.answer()
    ben.messenger.addAddress(eve.key, eve.address)
    const large = await ben.messenger.send(eve.key, 'x'.repeat(100_000))
    await eve.until(() => eve.data.length === 1)
    const [data] = eve.data
    await data!.until(() => data!.bytes.length === 1 + 44 + 100_000)
    const other = await eve.dial(ben)
    other.say({ type: 'ok', id: decodeDataFrame(data!.bytes.slice(1)).guid })
    await ben.messenger.whenDelivered(large)
  })

  test('makes a third, a fourth, a fiftieth connection: all are read, few are kept, none is closed because of another', async () => {
    const { ben, eve, pass } = await pair()
    const lines: Line[] = []
    for (let at = 0; at < 50; at++) {
      // Not more signatures than there are in a minute.
      await pass(7_000)
      const line = await eve.dial(ben)
      line.say(text(BigInt(at + 1), `${at}`))
      await line.heard('ok')
      lines.push(line)
    }
    const alive = lines.filter(({ control }) => !control.closed)
    expect(alive).toHaveLength(16)
    expect(alive).toEqual(lines.slice(-16))
    for (const [at, line] of alive.entries()) line.say(text(BigInt(at + 100), 'still here'))
    for (const line of alive) await line.heard('ok')
    expect((await ben.messenger.history(eve.key, { limit: 1_000 })).length).toBe(66)
  })
})

describe('"connected" without a way to send', () => {
  test('a side that reads nothing is found out, and what it did not take goes over the next connection', async () => {
    const { ben, eve, pass } = await pair()
    const { kept, serve } = keeper()
    await eve.answer((line) => {
      if (eve.lines.length > 1) serve(line)
      else line.control.stream.pause()
    })
    ben.messenger.addAddress(eve.key, eve.address)
    const sent = await ben.messenger.send(eve.key, 'hello')
    await pass(26_000)
    expect(kept).toEqual([])
    await pass(5_000)
    expect(kept.map(String)).toEqual([sent.id])
  })

  test('a side that is gone without a word is noticed within a minute, also when nothing is to be said', async () => {
    const { ben, eve, pass } = await pair()
    const line = await eve.dial(ben)
    line.answersPings = false
    await pass(63_000)
    expect(line.control.closed).toBe(true)
    expect((await ben.messenger.health()).connections).toBe(0)
  })

  test('after a suspension every connection is asked at once, and the dead are left', async () => {
    const { ben, eve, pass } = await pair()
    const [dead, alive] = [await eve.dial(ben), await eve.dial(ben)]
    dead.answersPings = false
    ben.messenger.retryNow()
    await pass(7_100, 100)
    expect([dead.control.closed, alive.control.closed]).toEqual([true, false])
  })
})

describe('an original to whom we are a stranger', () => {
  /** It lives, it answers PING, and it says OK to nothing. */
  async function refused() {
    const all = await pair()
    const { ben, eve, clock, pass } = all
    const tries: { guid: bigint; atMs: number; line: Line }[] = []
    await eve.answer((line) => {
      let seen = 0
      void line.control.until(() => {
        for (const { guid } of line.of('text').slice(seen)) tries.push({ guid, atMs: clock.nowMs(), line })
        seen = line.of('text').length
        return line.control.closed
      })
    })
    ben.messenger.addAddress(eve.key, eve.address)
    const waiting = listenTo(ben.messenger, 'waiting')
    const sent = await ben.messenger.send(eve.key, 'let me in')
    await pass(30_000)
    expect(waiting).toEqual([sent])
    return { ...all, tries, sent }
  }

  test('is asked again on later connections only, ten minutes apart, and once on each', async () => {
    const { tries, pass } = await refused()
    await pass(60 * 60_000, 5_000)
    expect(tries.length).toBeGreaterThanOrEqual(4)
    expect(tries.length).toBeLessThanOrEqual(7)
    expect(new Set(tries.map(({ line }) => line)).size).toBe(tries.length)
    for (const [at, { atMs }] of tries.slice(1).entries())
      expect(atMs - tries[at]!.atMs).toBeGreaterThanOrEqual(600_000)
  })

  test('that lets us in has it at once, on the connection that is there', async () => {
    const { ben, eve, tries, sent } = await refused()
    await ben.messenger.requestContact(eve.key)
    const line = eve.lines.at(-1)!
    await line.heard('contactRequest')
    line.say({ type: 'contactResponse', accepted: true })
    await vi.waitFor(() => expect(tries).toHaveLength(2))
    line.say({ type: 'ok', id: tries[1]!.guid })
    await ben.messenger.whenDelivered(sent)
    expect(tries[1]!.line).toBe(line)
  })

  test('that says OK late, on the same connection, has it', async () => {
    const { ben, tries, sent } = await refused()
    tries[0]!.line.say({ type: 'ok', id: tries[0]!.guid })
    await ben.messenger.whenDelivered(sent)
  })
})

describe('dialling', () => {
  test('somebody else at the first address, nobody at the second, silence at the third: the fourth is tried', async () => {
    const { ben, eve, hand, pass } = await pair()
    const [mallory, deaf] = [hand(), hand()]
    await mallory.answer()
    const listener = await deaf.net.listen(deaf.address, {
      onStream: (stream) => stream.start({ data() {}, end: () => stream.end(), drain() {}, closed() {} }),
    })
    const { kept, serve } = keeper()
    await eve.answer(serve)
    for (const { address } of [mallory, hand(), deaf, eve]) ben.messenger.addAddress(eve.key, address)
    const sent = await ben.messenger.send(eve.key, 'hello')
    await pass(20_000)
    expect(kept.map(String)).toEqual([sent.id])
    expect(mallory.lines, 'she never got as far as READY').toEqual([])
    await listener.close()
  })

  test('many messages at once make one connection', async () => {
    const { ben, eve, pass } = await pair()
    const { kept, serve } = keeper()
    await eve.answer(serve)
    ben.messenger.addAddress(eve.key, eve.address)
    const sent = await Promise.all(Array.from({ length: 100 }, (_, at) => ben.messenger.send(eve.key, `${at}`)))
    await pass(5_000)
    expect(kept.map(String)).toEqual(sent.map(({ id }) => id))
    expect(eve.lines).toHaveLength(1)
  })
})

describe('what we take', () => {
  test('is acknowledged when it is on disk, not before; what could not be stored comes again', async () => {
    const store = createMemoryStore()
    const { ben, eve } = await pair({ store })
    const receive = store.receive.bind(store)
    let isFull = true
    let stored = 0
    store.receive = async (message) => {
      if (isFull) throw new Error('the disk is full')
      await settle()
      stored++
      return receive(message)
    }
    const errors = listenTo(ben.messenger, 'error')
    const line = await eve.dial(ben)
    line.say(text(1n), text(2n))
    await line.control.until(() => line.control.ended || line.control.closed)
    expect(line.acknowledged).toEqual([])
    expect(errors.map(({ code }) => code)).toContain('store')
    isFull = false
    const again = await eve.dial(ben)
    again.say(text(1n), text(2n))
    await again.heard('ok')
    expect(stored).toBeGreaterThanOrEqual(1)
    await again.heard('ok')
    expect(again.acknowledged).toEqual([1n, 2n])
    expect(await ben.messenger.history(eve.key)).toHaveLength(2)
  })

  test('comes twice, on two connections, on both kinds of stream: kept once, acknowledged each time', async () => {
    const { ben, eve } = await pair()
    const [one, other] = [await eve.dial(ben), await eve.dial(ben)]
    one.say(text(1n, 'hello'))
    other.say(text(1n, 'hello'))
    await Promise.all([one.heard('ok'), other.heard('ok')])
    await one.openData(dataOf(1n, new TextEncoder().encode('hello')))
    await vi.waitFor(() => expect(one.acknowledged.length + other.acknowledged.length).toBe(3))
    expect(await ben.messenger.history(eve.key)).toHaveLength(1)
  })
})

describe('calls', () => {
  test('are not offered on a connection that is dead: nobody is told that it rings', async () => {
    const { ben, eve, pass } = await pair()
    const line = await eve.dial(ben)
    line.answersPings = false
    const calling = expect(ben.messenger.call(eve.key)).rejects.toMatchObject({ code: 'call' })
    await pass(31_000)
    await calling
    expect(line.of('callOffer')).toEqual([])
  })

  test('to an original that ignores them ring for a minute, and cost no connection', async () => {
    const { ben, eve, pass } = await pair()
    const line = await eve.dial(ben)
    const call = await ben.messenger.call(eve.key)
    expect(await call.ringing).toBe(true)
    await line.heard('callOffer')
    await pass(61_000)
    expect(await call.ended).toEqual({ reason: 'no-answer' })
    await line.heard('callHang')
    expect(line.control.closed).toBe(false)
  })

  test('are offered again on the connection that replaces the one that broke', async () => {
    const { ben, eve, pass } = await pair()
    await eve.answer()
    ben.messenger.addAddress(eve.key, eve.address)
    const first = await eve.dial(ben)
    const call = await ben.messenger.call(eve.key)
    await first.heard('callOffer')
    first.cut()
    await pass(4_000, 100)
    const second = eve.lines.at(-1)!
    await second.heard('callOffer')
    second.say({ type: 'callAnswer', accepted: true, error: '' } satisfies PeerFrame)
    expect(await call.answered).toBe(true)
    call.hangUp()
    await second.heard('callHang')
  })
})

test('the key by which we know somebody is the one they proved, whatever their HELLO says besides', async () => {
  const { ben, eve } = await pair()
  const line = await eve.dial(ben)
  line.say(text(1n, 'hello'))
  await line.heard('ok')
  expect((await ben.messenger.contacts()).map(({ peer }) => peer)).toEqual([toHex(eve.signer.publicKey)])
})
