import { expect, test } from 'vitest'
import { bytes, type End, exchange, pass, person, type Time, texts } from './support/people.js'
import { referencePerson } from './support/reference.js'

// One of ours and one that keeps to the protocol as the originals have it: no number grows within a second, keys turn
// whenever they can, and every packet that cannot be opened is answered.

function couple(time: Time) {
  return [person(1, time), referencePerson(3, time)] as const
}

test.each(['ours', 'the original'])('%s writes first: the packet arrives, and the answer too', (first) => {
  const time: Time = { nowMs: 0 }
  const [ours, original] = couple(time)
  const [one, other]: End[] = first === 'ours' ? [ours, original] : [original, ours]
  if (one === undefined || other === undefined) throw new Error('two are needed')
  one.sessions.send(other.publicKey, bytes('there'), 0)
  exchange(one, other, time)
  other.sessions.send(one.publicKey, bytes('back'), 0)
  exchange(one, other, time)
  expect([texts(one), texts(other)]).toEqual([['back'], ['there']])
})

test('both write first, in one second: both packets arrive at once', () => {
  const time: Time = { nowMs: 100 }
  const [ours, original] = couple(time)
  ours.sessions.send(original.publicKey, bytes('from ours'), 100)
  original.sessions.send(ours.publicKey, bytes('from the original'))
  exchange<End>(ours, original, time)
  expect([texts(ours), texts(original)]).toEqual([['from the original'], ['from ours']])
})

test('asking costs no packet, though the original numbers its Acks by the second', () => {
  const time: Time = { nowMs: 0 }
  const [ours, original] = couple(time)
  let written = 0
  for (; time.nowMs < 200_000; time.nowMs += 350) {
    if (written % 3 === 0) ours.sessions.probe(original.publicKey, time.nowMs)
    ours.sessions.send(original.publicKey, bytes(`${written}`), time.nowMs)
    exchange<End>(ours, original, time)
    original.sessions.send(ours.publicKey, bytes(`${written}`))
    exchange<End>(ours, original, time)
    written++
  }
  const all = Array.from({ length: written }, (_, at) => `${at}`)
  expect(texts(original)).toEqual(all)
  expect(texts(ours)).toEqual(all)
  expect(ours.answers.length).toBeGreaterThan(100)
})

test('an hour of packets both ways: keys turn each minute, nothing is lost', () => {
  const time: Time = { nowMs: 0 }
  const [ours, original] = couple(time)
  ours.sessions.send(original.publicKey, bytes('hello'), 0)
  exchange<End>(ours, original, time)
  let written = 0
  for (time.nowMs = 1000; time.nowMs < 3_600_000; time.nowMs += 4000) {
    ours.sessions.send(original.publicKey, bytes(`${written}`), time.nowMs)
    original.sessions.send(ours.publicKey, bytes(`${written}`))
    exchange<End>(ours, original, time)
    written++
  }
  expect(texts(original).length).toBe(written + 1)
  expect(texts(ours).length).toBe(written)
  expect(ours.sessions.sessions()[0]?.localKeySeq).toBeGreaterThan(55)
})

test('the original was started anew: the packet after the first one arrives', () => {
  const time: Time = { nowMs: 0 }
  const [ours] = couple(time)
  const before = referencePerson(3, time)
  ours.sessions.send(before.publicKey, bytes('hello'), 0)
  exchange<End>(ours, before, time)
  const after = referencePerson(3, time)
  time.nowMs = 3000
  ours.sessions.send(after.publicKey, bytes('lost'), time.nowMs)
  exchange<End>(ours, after, time)
  ours.sessions.send(after.publicKey, bytes('arrives'), time.nowMs)
  pass([ours, after], time, 100)
  expect(texts(after)).toEqual(['arrives'])
})

test('we were started anew, and the original floods us with what we cannot open', () => {
  const time: Time = { nowMs: 0 }
  const [before, original] = couple(time)
  before.sessions.send(original.publicKey, bytes('hello'), 0)
  exchange<End>(before, original, time)
  const after = person(1, time)
  for (time.nowMs = 3000; time.nowMs < 6000; time.nowMs += 10) {
    original.sessions.send(after.publicKey, bytes(`${time.nowMs}`))
    exchange<End>(after, original, time)
  }
  expect(texts(after).length).toBeGreaterThanOrEqual(290)
})
