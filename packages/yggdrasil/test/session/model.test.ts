import { expect, test } from 'vitest'
import { bytes, type End, type Person, pass, person, type Time, texts } from './support/people.js'
import { referencePerson } from './support/reference.js'

// Two people over a network that delays, reorders, loses and repeats whatever it likes, driven by one seed.

const SEEDS = 15
const STEPS = 700

function random(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

interface Packet {
  readonly from: End
  readonly message: Uint8Array
}

const seeds = Array.from({ length: SEEDS }, (_, seed) => seed)

test.each(seeds)('two of ours: nothing comes twice, and in the end all is well: seed %i', (seed) => {
  const time: Time = { nowMs: 0 }
  const people: [Person, Person] = [person(1, time), person(3, time)]
  run(seed, time, people, people)
})

test.each(seeds)('one of ours and one of the originals: the same for ours: seed %i', (seed) => {
  const time: Time = { nowMs: 0 }
  const ours = person(1, time)
  run(seed, time, [ours, referencePerson(3, time)], [ours])
})

function run(seed: number, time: Time, people: [End, End], ours: readonly Person[]): void {
  const below = random(seed)
  const [a, b] = people
  const underWay: Packet[] = []
  const recorded: Packet[] = []
  const other = (who: End) => (who === a ? b : a)
  const arrive = ({ from, message }: Packet) => other(from).sessions.receive(from.publicKey, message, time.nowMs)
  let written = 0
  const steps = [
    () => people[below(2)]?.sessions.advance(time.nowMs),
    () => {
      const who = below(2) === 0 ? a : b
      for (let count = below(4); count >= 0; count--)
        who.sessions.send(other(who).publicKey, bytes(`${written++}`), time.nowMs)
    },
    () => ours[below(2)]?.sessions.probe((below(2) === 0 ? a : b).publicKey, time.nowMs),
    () => (time.nowMs += [1, 100, 1100, 20_000, 61_000][below(5)] ?? 0),
    () => underWay.splice(below(underWay.length + 1), below(2)),
    ...Array.from({ length: 8 }, () => () => {
      const at = below(3) === 0 ? below(underWay.length + 1) : 0
      for (const packet of underWay.splice(at, 1 + below(3))) arrive(packet)
    }),
    () => {
      for (let count = 0; count < 10; count++) {
        const packet = recorded[below(recorded.length + 1)]
        if (packet !== undefined) arrive(packet)
      }
    },
  ]
  for (let step = 0; step < STEPS; step++) {
    steps[below(steps.length)]?.()
    for (const from of people) {
      for (const { message } of from.written.splice(0)) {
        underWay.push({ from, message })
        recorded.push({ from, message })
      }
    }
  }
  for (const who of ours) expect(new Set(texts(who)).size).toBe(who.delivered.length)

  underWay.length = 0
  for (let round = 0; round < 4; round++) {
    a.sessions.send(b.publicKey, bytes(`a${round}`), time.nowMs)
    b.sessions.send(a.publicKey, bytes(`b${round}`), time.nowMs)
    pass(people, time, 2500)
  }
  expect([texts(a).at(-1), texts(b).at(-1)]).toEqual(['b3', 'a3'])
}
