import { expect, test } from 'vitest'
import type { Self } from '../../src/chat/model/state.js'
import { ReachLine } from '../../src/chat/reach-line.js'

test('a clock that is wrong is told until it is right, whatever else happens; then what has happened meanwhile', () => {
  const told: Self['reach'][] = []
  const line = new ReachLine({ ok: true, text: 'listening' }, (reach) => told.push(reach))
  line.clock('5 min behind')
  line.reached({ ok: true, text: 'announced' })
  line.clock(undefined)
  line.reached({ ok: false, text: 'no peer' })
  expect(told).toEqual([
    { ok: false, text: '5 min behind' },
    { ok: false, text: '5 min behind' },
    { ok: true, text: 'announced' },
    { ok: false, text: 'no peer' },
  ])
})
