import type { Random } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { isSame, pattern, type User, type Way, World } from './support/simulation.js'

/** Every stream is over within this: its bytes take less, and silence is borne for half a minute. */
const BOUND_MS = 300_000
const LIMITS = { windowBytes: 20_000, writtenBytes: 30_000 }
const NEVER = Number.POSITIVE_INFINITY

/** Writes in pieces, as it may; reads with pauses; ends, or gives up after so many bytes. */
class Talker {
  readonly user: User
  readonly #words: Uint8Array
  readonly #random: Random
  #at = 0

  constructor(world: World, user: User, words: Uint8Array, abortsAfter: number) {
    this.user = user
    this.#words = words
    this.#random = world.random.fork()
    user.onDrain = () => this.#write()
    user.onData = () => {
      if (user.receivedBytes > abortsAfter) user.connection.abort()
      if (!this.#random.chance(0.05)) return
      user.connection.pause()
      world.clock.schedule(() => user.connection.resume(), this.#random.integer(500))
    }
    this.#write()
  }

  #write(): void {
    const { connection } = this.user
    while (this.#at < this.#words.length) {
      const end = Math.min(this.#words.length, this.#at + 1 + this.#random.integer(20_000))
      const chunk = this.#words.slice(this.#at, end)
      this.#at = end
      if (!connection.write(chunk)) return
    }
    connection.end()
  }
}

/** One stream over a bad way: exact to the end, or failed with a reason, and nothing is left of it. */
function play(seed: number, way: Way, isAborting: boolean): boolean {
  const world = new World(seed, way)
  const [a, b] = [world.side(LIMITS), world.side(LIMITS)] as const
  const [nearWords, farWords] = [0, 1].map((side) => pattern(world.random.integer(60_000), side)) as [
    Uint8Array,
    Uint8Array,
  ]
  const abortsAfter = isAborting ? world.random.integer(60_000) : NEVER
  b.listen((user) => new Talker(world, user, farWords, abortsAfter))
  const near = a.open(b)
  new Talker(world, near, nearWords, NEVER)
  world.run(() => a.machine.streamCount + b.machine.streamCount === 0 && near.isClosed, BOUND_MS)
  const [far] = b.accepted
  const what = `seed ${seed}: ${near.log.join(' ')} (${near.failure}), ${far?.log.join(' ')} (${far?.failure})`
  expect(near.isClosed && far?.isClosed !== false, `hangs: ${what}`).toBe(true)
  expectExact(near, farWords, what)
  if (far !== undefined) expectExact(far, nearWords, what)
  expect([a.machine.heldBytes, b.machine.heldBytes], `memory is held: ${what}`).toEqual([0, 0])
  return near.failure === undefined && far?.failure === undefined
}

function expectExact(reader: User, words: Uint8Array, what: string): void {
  const { received } = reader
  const expected = reader.failure === undefined ? words : words.slice(0, received.length)
  expect(isSame(received, expected), `other bytes: ${what}`).toBe(true)
  if (reader.failure === undefined) expect(reader.isEnded, `no end: ${what}`).toBe(true)
}

describe('loss x duplication x reordering', () => {
  const chances = [0, 0.1, 0.3]
  const ways = chances.flatMap((loss) =>
    chances.flatMap((duplication) => chances.map((reordering) => ({ loss, duplication, reordering, delayMs: 5 }))),
  )
  for (const way of ways) {
    const { loss, duplication, reordering } = way
    test(`loss ${loss}, duplication ${duplication}, reordering ${reordering}: all complete`, () => {
      for (let seed = 1; seed <= 8; seed++) expect(play(seed, way, false), `seed ${seed} did not complete`).toBe(true)
    })
    test(`loss ${loss}, duplication ${duplication}, reordering ${reordering}: given up on the way`, () => {
      let failed = 0
      for (let seed = 101; seed <= 108; seed++) if (!play(seed, way, true)) failed++
      expect(failed).toBeGreaterThan(0)
    })
  }

  test('a way that loses nearly everything: nothing hangs', () => {
    for (let seed = 201; seed <= 240; seed++)
      play(seed, { loss: 0.8, duplication: 0.2, reordering: 0.5 }, seed % 2 === 0)
  })
})
