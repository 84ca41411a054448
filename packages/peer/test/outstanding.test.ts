import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../src/limits.js'
import { Outstanding } from '../src/outstanding.js'

const outstanding = (unansweredMessages = 10): Outstanding => new Outstanding({ ...DEFAULT_LIMITS, unansweredMessages })

test('an OK is owed once, in the window or after it', () => {
  const sent = outstanding()
  sent.add(1n, 100, 7)
  sent.add(2n, 200, 11)
  expect([sent.size, sent.oldestMs, sent.byteLength]).toEqual([2, 100, 18])
  expect(sent.giveUpOldest(99)).toBeUndefined()
  expect(sent.giveUpOldest(100)).toBe(1n)
  expect(sent.byteLength).toBe(11)
  expect(sent.giveUpOldest(100)).toBeUndefined()
  expect([sent.size, sent.oldestMs, sent.has(1n), sent.has(2n), sent.has(3n)]).toEqual([1, 200, true, true, false])
  expect([1n, 1n, 2n, 2n, 3n].map((guid) => sent.acknowledge(guid))).toEqual([true, false, true, false, false])
  expect([sent.size, sent.oldestMs, sent.byteLength]).toEqual([0, undefined, 0])
})

test('what was given up is remembered within limits', () => {
  const sent = outstanding(2)
  for (let guid = 1n; guid <= 3n; guid++) {
    sent.add(guid, 0, 1)
    sent.giveUpOldest(0)
  }
  expect([1n, 2n, 3n].map((guid) => sent.acknowledge(guid))).toEqual([false, true, true])
})
