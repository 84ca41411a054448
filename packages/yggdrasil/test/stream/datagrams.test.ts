import { describe, expect, test } from 'vitest'
import { StreamFlag } from '../../src/wire/stream-packet.js'
import { pattern } from './support/pair.js'
import { listenTo, packet } from './support/say.js'
import { KEY_A, KEY_B, Simulation } from './support/simulation.js'

describe('datagrams', () => {
  test('go to the port they name, with the key of the sender', () => {
    const sim = new Simulation({ forth: { delayMs: 5 } })
    const got: unknown[] = []
    sim.b.bindDatagrams(69, (remote, bytes, nowMs) => got.push([remote.slice(), bytes.slice(), nowMs]))
    sim.a.sendDatagram(KEY_B, 69, pattern(100), 0)
    sim.a.sendDatagram(KEY_B, 69, new Uint8Array(0), 0)
    sim.a.sendDatagram(KEY_B, 70, pattern(1), 0)
    sim.run(10)
    expect(got).toEqual([
      [KEY_A, pattern(100), 5],
      [KEY_A, new Uint8Array(0), 5],
    ])
    expect(sim.b.stats().ignored).toBe(1)
  })

  test('are never answered by the stack, and never repeated', () => {
    const sim = new Simulation()
    const said = listenTo(sim.back)
    sim.forth.drop = () => true
    sim.a.sendDatagram(KEY_B, 69, pattern(1), 0)
    sim.b.receive(KEY_A, packet(StreamFlag.datagram), 0)
    sim.run(60_000)
    expect(said).toEqual([])
    expect(sim.forth.sent).toBe(1)
  })

  test('of 65,388 bytes are the largest', () => {
    const sim = new Simulation()
    let got = 0
    sim.b.bindDatagrams(1, (_, bytes) => {
      got = bytes.length
    })
    sim.a.sendDatagram(KEY_B, 1, new Uint8Array(65_388), 0)
    sim.run(1)
    expect(got).toBe(65_388)
    expect(() => sim.a.sendDatagram(KEY_B, 1, new Uint8Array(65_389), 0)).toThrow('65388')
  })

  test('to oneself come with the next advance, never from inside', () => {
    const sim = new Simulation()
    const got: number[] = []
    sim.a.bindDatagrams(7, (_, bytes) => got.push(bytes.length))
    sim.a.sendDatagram(KEY_A, 7, pattern(3), 0)
    expect(got).toEqual([])
    expect(sim.a.nextDeadlineMs).toBe(0)
    sim.a.advance(0)
    expect(got).toEqual([3])
    expect(sim.forth.sent).toBe(0)
    // What nobody collects does not pile up.
    for (let count = 0; count < 10_000; count++) sim.a.sendDatagram(KEY_A, 7, pattern(3), 0)
    got.length = 0
    sim.a.advance(0)
    expect(got).toHaveLength(256)
  })

  test('are not taken any more after unbinding, and the port is free', () => {
    const sim = new Simulation()
    let got = 0
    sim.b.bindDatagrams(1, () => got++)
    sim.b.unbindDatagrams(1)
    sim.a.sendDatagram(KEY_B, 1, pattern(1), 0)
    sim.run(1)
    expect(got).toBe(0)
    expect(sim.b.bindDatagrams(1, () => {})).toBe(1)
  })
})
