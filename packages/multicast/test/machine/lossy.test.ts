import { createRandom, type Random } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { client, server } from './support/identity.js'
import { HELLO, JACK } from './support/pair.js'
import { Party } from './support/party.js'

interface Faults {
  readonly loss: number
  readonly duplication: number
  readonly reorder: number
}

interface Flight {
  readonly bytes: Uint8Array
  readonly to: Party
  readonly atMs: number
  readonly order: number
}

/** What happens to the datagram of this number, counted over both directions. */
type Fate = (number: number, bytes: Uint8Array, from: Party) => 'lose' | 'double' | undefined

const LATENCY_MS = 2
/** So long that a datagram is overtaken by the next attempts. */
const DELAY_MS = 2500
/** More than all attempts of an opening and of a request together. */
const PATIENCE_MS = 500_000
/** Three of ten lost on the way there and on the way back leave half of the round trips: six would be too few for all. */
const REQUEST_REPEATS = 15

/** Two machines, a network between them, and one time for all. */
class Net {
  readonly initiator = new Party(client, { seed: 5, limits: { requestRepeats: REQUEST_REPEATS } })
  readonly responder = new Party(server, { reply: JACK, seed: 6 })
  readonly #flights: Flight[] = []
  #sent = 0

  constructor(fate: Fate, delay: () => number = () => 0) {
    const wire = (from: Party, to: Party): void => {
      from.onSend = (bytes) => {
        const order = this.#sent++
        const what = fate(order, bytes, from)
        if (what === 'lose') return
        for (let copies = what === 'double' ? 2 : 1; copies > 0; copies--)
          this.#flights.push({ bytes, to, atMs: from.nowMs + LATENCY_MS + delay(), order })
      }
    }
    wire(this.initiator, this.responder)
    wire(this.responder, this.initiator)
  }

  /** Let things happen in their order until `isDone`, or for so long. */
  run(isDone: () => boolean): void {
    const { initiator, responder } = this
    const endMs = initiator.nowMs + PATIENCE_MS
    while (!isDone()) {
      this.#flights.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
      const next = this.#flights[0]
      const nowMs = Math.min(next?.atMs ?? endMs, initiator.machine.deadlineMs, responder.machine.deadlineMs)
      if (nowMs >= endMs) return
      for (const party of [initiator, responder]) {
        party.nowMs = nowMs
        party.machine.advance(nowMs)
      }
      if (next === undefined || next.atMs > nowMs) continue
      this.#flights.shift()
      next.to.receive(next.bytes)
    }
  }

  /** Whatever is still on its way arrives as well. */
  drain(): void {
    for (const { bytes, to } of this.#flights.splice(0)) to.receive(bytes)
  }
}

/** One request over this network: it is delivered once, and has one answer. */
function exchange(fate: Fate, delay?: () => number): Net {
  const net = new Net(fate, delay)
  const { initiator, responder } = net
  const answers: unknown[] = []
  const session = initiator.connect(server.address)
  initiator.machine.request(session, new TextEncoder().encode(HELLO), initiator.nowMs, (answer) => {
    answers.push(answer instanceof Uint8Array ? new TextDecoder().decode(answer) : answer.code)
  })
  net.run(() => answers.length > 0)
  net.drain()
  expect(answers).toEqual([JACK])
  expect(responder.messages.map(({ text }) => text)).toEqual([HELLO])
  expect(responder.told).toHaveLength(1)
  expect(initiator.messages).toEqual([])
  expect(session.state).toBe('confirmed')
  return net
}

function seeded(random: Random, { loss, duplication }: Faults): Fate {
  return () => {
    if (random.chance(loss)) return 'lose'
    return random.chance(duplication) ? 'double' : undefined
  }
}

const isType = (bytes: Uint8Array, type: number): boolean => bytes[0] === type

/**
 * Counted for each type and sender. Every second one that an initiator sends would be all its declarations, or all its initiations:
 * an attempt is one of each, always.
 */
function everySecond(lost: 0 | 1): Fate {
  const counts = new Map<string, number>()
  return (_, [type], from) => {
    const kind = `${type} of ${from.identity.place.port}`
    const count = counts.get(kind) ?? 0
    counts.set(kind, count + 1)
    return count % 2 === lost ? 'lose' : undefined
  }
}

/** The first datagram that is so. */
function first(isMeant: (bytes: Uint8Array, number: number) => boolean): Fate {
  let isOver = false
  return (number, bytes) => {
    if (isOver || !isMeant(bytes, number)) return undefined
    isOver = true
    return 'lose'
  }
}

describe('one delivered request and one answer', () => {
  test.each<[string, () => Fate]>([
    ['nothing is lost', () => () => undefined],
    ['the first declaration is lost', () => first((bytes) => isType(bytes, 0))],
    ['the first initiation is lost', () => first((bytes) => isType(bytes, 1))],
    ['the first response is lost', () => first((bytes, number) => isType(bytes, 1) && number > 1)],
    ['the first data are lost', () => first((bytes) => isType(bytes, 2))],
    ['the first answer is lost', () => first((bytes, number) => isType(bytes, 2) && number > 3)],
    ['everything is doubled', () => () => 'double'],
    ['every second datagram of each type and sender is lost, from the first on', () => everySecond(0)],
    ['every second datagram of each type and sender is lost, from the second on', () => everySecond(1)],
  ])('%s', (_, fate) => {
    exchange(fate())
  })

  const matrix = [0, 0.1, 0.3].flatMap((loss) =>
    [0, 0.2, 1].flatMap((duplication) => [0, 0.3, 1].map((reorder) => ({ loss, duplication, reorder }))),
  )

  test.each(matrix)('loss $loss, duplication $duplication, reorder $reorder', (faults) => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = createRandom(seed)
      const delays = random.fork()
      exchange(seeded(random, faults), () => (delays.chance(faults.reorder) ? delays.integer(DELAY_MS) : 0))
    }
  })

  test('the same seed gives the same run', () => {
    const trace = (): number[] => {
      const net = exchange(seeded(createRandom(4), { loss: 0.3, duplication: 0.3, reorder: 0 }))
      return net.responder.sent.map(({ bytes }) => bytes.length)
    }
    expect(trace()).toEqual(trace())
  })
})
