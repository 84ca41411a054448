import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Counters } from '../../src/server/counters.js'
import { DEFAULT_SERVER_LIMITS } from '../../src/server/limits.js'
import { metricsText } from '../../src/server/metrics.js'

const guide = readFileSync(new URL('../../../../docs/guides/rendezvous-server.md', import.meta.url), 'utf8')

test('the limits in the guide are those of the code', () => {
  const rows = [...guide.matchAll(/^\| `(\w+)` +\| ([0-9,]+) +\| \S/gm)]
  const table = Object.fromEntries(rows.map(([, name = '', value = '']) => [name, Number(value.replaceAll(',', ''))]))
  expect(table).toEqual(DEFAULT_SERVER_LIMITS)
})

test('the figures in the guide are figures of the server', () => {
  const { cut, envelopes, ...counts } = new Counters()
  const text = metricsText({ connections: 0, authenticated: 0, ...counts, cut, envelopes })
  const figures = [...guide.matchAll(/`(mimir_rendezvous_[^`]+)`/g)].map(([, figure = '']) => figure)
  expect(figures.length).toBeGreaterThan(4)
  for (const figure of figures) expect(text).toContain(`\n${figure} 0\n`)
})
