import { describe, expect, test } from 'vitest'
import { createMemoryNetwork } from '../../src/memory.js'
import { turns } from '../../src/testing/conformance/probe.js'
import { createClock, type DatagramFaults, faultyDatagrams } from '../../src/testing/index.js'

/** What arrives of the datagrams 0 to 99, in the order it arrives. */
async function run(faults: DatagramFaults, seed: number): Promise<number[]> {
  const clock = createClock()
  const transport = faultyDatagrams(createMemoryNetwork().datagrams, faults, { seed, clock })
  const [from, to] = [await transport.open('memory://from'), await transport.open('memory://to')]
  const seen: number[] = []
  to.start({ message: (bytes) => seen.push(bytes[0]!), closed: () => {} })
  const peer = from.peer(to.localAddress)
  for (let count = 0; count < 100; count++) {
    from.send(Uint8Array.of(count), peer)
    clock.advance(1)
    await turns(2)
  }
  clock.advance(1_000)
  await turns(2)
  await Promise.all([from.close(), to.close()])
  return seen
}

const sorted = (list: number[]): number[] => [...list].sort((a, b) => a - b)
const all = Array.from({ length: 100 }, (_, index) => index)

describe('faulty datagrams', () => {
  test('without faults everything passes as it is', async () => {
    expect(await run({}, 1)).toEqual(all)
  })

  test('drop: some are lost, the same ones for the same seed', async () => {
    const seen = await run({ dropChance: 0.3 }, 2)
    expect(seen.length).toBeGreaterThan(50)
    expect(seen.length).toBeLessThan(90)
    expect(await run({ dropChance: 0.3 }, 2)).toEqual(seen)
    expect(await run({ dropChance: 1 }, 2)).toEqual([])
  })

  test('duplicate: some come twice', async () => {
    const seen = await run({ duplicateChance: 0.3 }, 3)
    expect(seen.length).toBeGreaterThan(110)
    expect([...new Set(seen)]).toEqual(all)
    expect(await run({ duplicateChance: 1 }, 3)).toEqual(all.flatMap((value) => [value, value]))
  })

  test('reorder: some are passed by the next', async () => {
    const seen = await run({ reorderChance: 0.3 }, 4)
    expect(seen).not.toEqual(all)
    expect(sorted(seen)).toEqual(all)
  })

  test('delay: they overtake each other, none is lost', async () => {
    const seen = await run({ delayMs: 50 }, 5)
    expect(seen).not.toEqual(all)
    expect(sorted(seen)).toEqual(all)
  })

  test('all together: what arrives was sent', async () => {
    const faults = { dropChance: 0.2, duplicateChance: 0.2, reorderChance: 0.2, delayMs: 20 }
    const seen = await run(faults, 6)
    for (const value of seen) expect(all).toContain(value)
    expect(seen.length).toBeGreaterThan(60)
  })

  test('the contract is not a fault: an over-long datagram is refused', async () => {
    const transport = faultyDatagrams(createMemoryNetwork({ maxDatagramBytes: 10 }).datagrams, { dropChance: 1 })
    const socket = await transport.open('memory://a')
    expect(socket.maxDatagramBytes).toBe(10)
    expect(() => socket.send(new Uint8Array(11), socket.peer('memory://b'))).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    )
  })
})
