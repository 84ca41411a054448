import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../src/limits.js'
import { type Stranger, WaitingRoom } from '../src/waiting-room.js'

const stranger = (addressGroup: string, network = 'tcp'): Stranger => ({ addressGroup, network })
const room = (unauthenticated: number, unauthenticatedPerAddress: number): WaitingRoom<Stranger> =>
  new WaitingRoom({ ...DEFAULT_LIMITS, unauthenticated, unauthenticatedPerAddress })

describe('waiting room', () => {
  test('one address keeps itself busy', () => {
    const waiting = room(32, 4)
    const guest = stranger('guest')
    waiting.enter(guest)
    const flood = Array.from({ length: 100 }, () => stranger('flood'))
    const left = flood.map((one) => waiting.enter(one))
    expect(left.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined])
    expect(left.slice(4)).toEqual(flood.slice(0, 96))
    expect(waiting.size).toBe(5)
    expect([...waiting]).toContain(guest)
  })

  test('many addresses: the oldest leaves', () => {
    const waiting = room(3, 2)
    const all = ['a', 'b', 'c', 'd', 'e'].map((group) => stranger(group))
    expect(all.map((one) => waiting.enter(one))).toEqual([undefined, undefined, undefined, all[0], all[1]])
    waiting.leave(all[3]!)
    expect(waiting.enter(stranger('f'))).toBeUndefined()
    expect(waiting.size).toBe(3)
  })

  test('a network on which addresses cost nothing keeps itself busy, too', () => {
    const waiting = room(8, 2)
    const guests = [stranger('guest'), stranger('other guest')]
    for (const guest of guests) waiting.enter(guest)
    const flood = Array.from({ length: 100 }, (_, key) => stranger(`${key}`, 'mp2p'))
    const left = flood.map((one) => waiting.enter(one))
    expect(left).toEqual([...Array<undefined>(6), ...flood.slice(0, 94)])
    expect([...waiting]).toEqual([...guests, ...flood.slice(94)])
  })

  test('whoever has proven himself makes room', () => {
    const waiting = room(32, 1)
    const first = stranger('a')
    waiting.enter(first)
    waiting.leave(first)
    expect(waiting.enter(stranger('a'))).toBeUndefined()
  })
})
