import { Emitter } from '@mimirjs/transport'
import { describe, expect, test } from 'vitest'
import { GaugeReaders } from '../src/gauge-readers.js'
import type { Gauges, MessengerEvents, Metrics } from '../src/index.js'
import { Metering } from '../src/metering.js'
import { createWorld } from './support/world.js'

const NOBODY: Gauges = { undelivered: 0, unhandled: 0, connections: 0 }

/** Counts in plain sight. */
function createMetrics() {
  const counted: Record<string, number> = {}
  const observed: Record<string, number[]> = {}
  let read: (() => Promise<Gauges>) | undefined
  const metrics: Metrics = {
    count: (name, by) => {
      counted[name] = (counted[name] ?? 0) + by
    },
    observe: (name, value) => {
      observed[name] = [...(observed[name] ?? []), value]
    },
    gauges: (reader) => {
      read = reader
      return () => {
        read = undefined
      }
    },
  }
  return { metrics, counted, observed, read: () => read?.() }
}

async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('a messenger', () => {
  test('counts what happens, and tells how it stands when asked', async () => {
    const world = createWorld()
    const [forAnn, forBen] = [createMetrics(), createMetrics()]
    const ann = await world.person({ metrics: forAnn.metrics })
    const ben = await world.person({ metrics: forBen.metrics })
    const to = ben.messenger.publicKey
    ben.messenger.on('message', async ({ text, reply }) => {
      if (text === 'fail') throw new Error('as asked')
      await reply('yes')
    })
    const address = await ben.messenger.listen(ben.address)
    await ann.messenger.send(to, 'early')
    await until(() => (forAnn.counted['dial.failures'] ?? 0) > 0)
    expect(await forAnn.read()).toMatchObject({ undelivered: 1, unhandled: 0, connections: 0 })

    ann.messenger.addAddress(to, address)
    const sent = [await ann.messenger.send(to, 'hello'), await ann.messenger.send(to, 'fail')]
    await Promise.all(sent.map((one) => ann.messenger.whenDelivered(one)))
    await until(() => forBen.observed['handler.duration']?.length === 3 && forBen.counted['messages.delivered'] === 2)
    expect(forAnn.counted).toMatchObject({
      'messages.accepted': 3,
      'messages.delivered': 3,
      'messages.received': 2,
    })
    expect(forAnn.counted['dial.attempts']).toBe(forAnn.counted['dial.failures']! + 1)
    expect(forBen.counted).toMatchObject({ 'messages.accepted': 2, 'messages.received': 3, 'handler.failures': 1 })
    expect(forBen.counted['network.sent']).toBe(forAnn.counted['network.received'])
    expect(forAnn.counted['network.sent']).toBe(forBen.counted['network.received'])
    expect(forAnn.counted['network.sent']).toBeGreaterThan(300)
    expect(forBen.observed['handler.duration']!.every((seconds) => seconds >= 0 && seconds < 5)).toBe(true)
    expect(await forAnn.read()).toMatchObject({ undelivered: 0, connections: 1 })
    await ann.messenger.close()
    expect(forAnn.read()).toBeUndefined()
  })

  test('counts a repetition as what it is', async () => {
    const world = createWorld()
    const forBen = createMetrics()
    const store = (await world.person()).parts.store
    const ben = await world.person({ store, metrics: forBen.metrics })
    const ann = await world.person()
    const to = ben.messenger.publicKey
    // The acknowledgement is lost once, so it is sent a second time.
    const { markDelivered } = ann.parts.store
    let lost = 1
    ann.parts.store.markDelivered = async (...args) => {
      if (lost-- > 0) throw new Error('disk gone')
      return markDelivered.apply(ann.parts.store, args)
    }
    ann.messenger.addAddress(to, await ben.messenger.listen(ben.address))
    const sent = await ann.messenger.send(to, 'hello')
    await ann.messenger.whenDelivered(sent)
    expect(forBen.counted).toMatchObject({ 'messages.received': 1, 'messages.duplicates': 1 })
  })

  test('is not disturbed by metrics that throw', async () => {
    const world = createWorld()
    const fail = (): never => {
      throw new Error('metrics are broken')
    }
    const lines: string[] = []
    const note = (_: object, line: string): void => void lines.push(line)
    const logger = { debug: () => {}, info: () => {}, warn: note, error: note }
    const metrics: Metrics = { count: fail, observe: fail, gauges: fail }
    const [ann, ben] = [await world.person({ metrics, logger }), await world.person()]
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
    await ann.messenger.whenDelivered(await ann.messenger.send(ben.messenger.publicKey, 'hello'))
    expect(new Set(lines)).toEqual(new Set(['metrics failed']))
  })
})

test('without metrics nothing is looked at', () => {
  const metering = new Metering(undefined, undefined)
  metering.count('messages.accepted')
  metering.start(new Emitter<MessengerEvents>(() => {}), () => Promise.reject(new Error('never read')))
  metering.stop()
  expect(metering.isOn).toBe(false)
})

describe('several messengers in one place', () => {
  test('are added up, and looked at once for all who ask at the same moment', async () => {
    const readers = new GaugeReaders()
    let looks = 0
    const reader = (undelivered: number) => async (): Promise<Gauges> => {
      looks += 1
      return { ...NOBODY, undelivered, connections: 1 }
    }
    expect(await readers.read()).toBeUndefined()
    const remove = readers.add(reader(3))
    readers.add(reader(4))
    const [first, second] = await Promise.all([readers.read(), readers.read()])
    expect([first, second, looks]).toEqual([{ ...NOBODY, undelivered: 7, connections: 2 }, first, 2])
    remove()
    expect(await readers.read()).toMatchObject({ undelivered: 4 })
  })

  test('one that cannot tell makes the sum unknown', async () => {
    const readers = new GaugeReaders()
    readers.add(async () => NOBODY)
    readers.add(() => Promise.reject(new Error('closed')))
    expect(await readers.read()).toBeUndefined()
  })
})
