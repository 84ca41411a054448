import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { describe, expect, test } from 'vitest'
import { PacketQueue } from '../src/calls/packet-queue.js'
import { createCallWorld, nextPacket, ringing, talking, until } from './support/calls.js'

const packet = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 0xff)
const numberOf = ([high = 0, low = 0]: Uint8Array): number => high * 256 + low

describe('packets of a call', () => {
  test('a slow reader keeps the newest, and knows how many it lost', async () => {
    const world = await createCallWorld()
    const { outgoing, incoming } = await talking(world)
    for (let number = 0; number < 500; number++) {
      expect(outgoing.send(packet(number))).toBe(true)
      // What the network holds at most is not the matter here.
      if (number % 100 === 99) await until(() => incoming.stats.received === number + 1)
    }
    expect(incoming.stats).toEqual({ sent: 0, received: 500, droppedOut: 0, droppedIn: 450 })
    outgoing.hangUp()
    await incoming.ended
    const read: number[] = []
    for await (const bytes of incoming.packets()) read.push(numberOf(bytes))
    expect(read).toEqual(Array.from({ length: 50 }, (_, index) => 450 + index))
  })

  test('the queue is as long as the reader says', async () => {
    const world = await createCallWorld()
    const { outgoing, incoming } = await talking(world)
    const packets = incoming.packets({ limit: 3 })
    for (let number = 0; number < 10; number++) outgoing.send(packet(number))
    await until(() => incoming.stats.received === 10)
    expect(numberOf((await packets.next()).value ?? packet(0))).toBe(7)
    expect(incoming.stats.droppedIn).toBe(7)
    for (const limit of [0, 1.5, 10_001, Number.NaN]) expect(() => incoming.packets({ limit })).toThrow(RangeError)
  })

  test('sound that cannot leave is dropped, counted, and not sent later', async () => {
    const world = await createCallWorld('overlay', createMemoryNetwork({ highWaterMarkBytes: 4_096 }))
    const { outgoing, incoming } = await talking(world)
    const sent = Array.from({ length: 10 }, () => outgoing.send(new Uint8Array(3_000)))
    expect(sent).toEqual([true, true, ...Array.from({ length: 8 }, () => false)])
    expect(outgoing.stats).toMatchObject({ sent: 2, droppedOut: 8 })
    await until(() => incoming.stats.received === 2)
    await world.pass(1_000)
    expect(incoming.stats.received).toBe(2)
    expect(outgoing.send(new Uint8Array(3_000))).toBe(true)
  })

  test('outside of a talk nothing is sent', async () => {
    const world = await createCallWorld()
    const { outgoing, incoming } = await ringing(world)
    expect([outgoing.send(packet(1)), incoming.send(packet(1))]).toEqual([false, false])
    incoming.accept()
    await outgoing.answered
    outgoing.hangUp()
    expect([outgoing.send(packet(1)), outgoing.stats.droppedOut]).toEqual([false, 2])
    await incoming.ended
    expect(incoming.stats).toEqual({ sent: 0, received: 0, droppedOut: 1, droppedIn: 0 })
  })

  test('what is no packet is refused', async () => {
    const { outgoing } = await talking(await createCallWorld())
    expect(() => outgoing.send(new Uint8Array(65_537))).toThrow(expect.objectContaining({ code: 'too-large' }))
    expect(() => outgoing.send('sound' as never)).toThrow(expect.objectContaining({ code: 'bad-content' }))
    expect(outgoing.send(new Uint8Array(65_536))).toBe(true)
  })

  test('the reader may keep what it got, and the sender may reuse small packets', async () => {
    const world = await createCallWorld()
    const { outgoing, incoming } = await talking(world)
    const bytes = packet(1)
    outgoing.send(bytes)
    bytes.fill(9)
    const got = await nextPacket(incoming)
    outgoing.send(packet(2))
    await nextPacket(incoming)
    expect(got).toEqual(packet(1))
  })
})

describe('PacketQueue', () => {
  test('a shorter limit drops at once', async () => {
    const queue = new PacketQueue(5)
    for (let number = 0; number < 5; number++) queue.push(packet(number))
    queue.limit = 2
    expect(queue.dropped).toBe(3)
    queue.end()
    queue.push(packet(9))
    const read: number[] = []
    for await (const bytes of queue.read()) read.push(numberOf(bytes))
    expect(read).toEqual([3, 4])
  })

  test('readers share it, and all of them end', async () => {
    const queue = new PacketQueue(5)
    const readers = [queue.read(), queue.read()]
    const first = readers.map((reader) => reader.next())
    queue.push(packet(1))
    queue.push(packet(2))
    expect((await Promise.all(first)).map(({ value }) => numberOf(value ?? packet(0))).sort()).toEqual([1, 2])
    const last = readers.map((reader) => reader.next())
    queue.end()
    expect((await Promise.all(last)).map(({ done }) => done)).toEqual([true, true])
  })
})
