import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/hex.js'
import { openPair } from './support/pair.js'
import { KEY_A, KEY_B, Reader, Simulation } from './support/simulation.js'

interface Vector {
  readonly name: string
  readonly hex: string
}

const file = new URL('../../../../vectors/yggdrasil/stream.json', import.meta.url)
const vectors = new Map((JSON.parse(readFileSync(file, 'utf8')) as Vector[]).map(({ name, hex }) => [name, hex]))

function vector(name: string): string {
  const hex = vectors.get(name)
  if (hex === undefined) throw new Error(`no vector ${name}`)
  return hex
}

function hexLog(sim: Simulation): { readonly forth: string[]; readonly back: string[] } {
  const log = { forth: [] as string[], back: [] as string[] }
  sim.forth.log = (bytes) => log.forth.push(toHex(bytes))
  sim.back.log = (bytes) => log.back.push(toHex(bytes))
  return log
}

describe('the stack says what the published vectors say', () => {
  test('opening, data that is not read, end and its answer', () => {
    const sim = new Simulation({ forth: { delayMs: 10 } })
    const log = hexLog(sim)
    sim.b.listen(42, (connection) => {
      connection.pause()
      connection.attach(new Reader(connection))
    })
    const client = sim.a.connect(KEY_B, 42, 0)
    new Reader(client)
    sim.run(100)
    expect(log.forth).toEqual([vector('syn'), vector('third')])
    expect(log.back).toEqual([vector('syn-ack')])
    client.write(new TextEncoder().encode('hello'))
    sim.run(100)
    expect(log.forth.at(-1)).toBe(vector('data'))
    expect(log.back.at(-1)).toBe(vector('ack'))
    client.end()
    sim.run(11)
    expect(log.forth.at(-1)).toBe(vector('fin'))
  })

  test('an end is counted in what is acknowledged', () => {
    const { sim, client, serverReader } = openPair({ forth: { delayMs: 10 } })
    client.write(new TextEncoder().encode('hello'))
    sim.run(100)
    const log = hexLog(sim)
    client.end()
    sim.run(15)
    expect(log.back).toEqual([vector('fin-ack')])
    expect(serverReader.ends).toBe(1)
  })

  test('a reset where nobody listens', () => {
    const sim = new Simulation()
    const log = hexLog(sim)
    sim.a.connect(KEY_B, 42, 0)
    sim.run(0)
    expect(log.back).toEqual([vector('rst')])
  })

  test('a datagram', () => {
    const sim = new Simulation()
    const log = hexLog(sim)
    sim.a.sendDatagram(KEY_B, 69, new TextEncoder().encode('hello datagram'), 0)
    expect(log.forth).toEqual([vector('datagram')])
  })

  test('a packet that is too short is ignored', () => {
    const sim = new Simulation()
    const log = hexLog(sim)
    for (const [name, hex] of vectors) {
      if (hex.length >= 32) continue
      const bytes = fromHex(hex)
      if (bytes === undefined) throw new Error(`vector ${name} is no hex`)
      sim.b.receive(KEY_A, bytes, 0)
    }
    sim.run(0)
    expect(sim.b.stats().ignored).toBeGreaterThan(0)
    expect(log.back).toEqual([])
  })
})
