import { Registry, register } from 'prom-client'
import { afterEach, expect, test } from 'vitest'
import { METRICS } from '../src/index.js'
import { prometheusMetrics } from '../src/prometheus.js'
import { createWorld } from './support/world.js'

afterEach(() => register.clear())

/** Every line that has a value, by its name with labels. */
async function read(registry: Registry): Promise<Map<string, string>> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]))
}

test('the figures of a messenger as Prometheus reads them', async () => {
  const world = createWorld()
  const registry = new Registry()
  const [ann, ben] = [await world.person({ metrics: prometheusMetrics({ registry }) }), await world.person()]
  ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
  await ann.messenger.whenDelivered(await ann.messenger.send(ben.messenger.publicKey, 'hello'))
  const figures = await read(registry)
  expect(figures.get('mimir_messages_accepted_total')).toBe('1')
  expect(figures.get('mimir_messages_delivered_total')).toBe('1')
  expect(figures.get('mimir_messages_received_total')).toBe('0')
  expect(figures.get('mimir_dial_attempts_total')).toBe('1')
  expect(Number(figures.get('mimir_network_sent_bytes_total'))).toBeGreaterThan(200)
  expect(figures.get('mimir_handler_duration_seconds_bucket{le="0.001"}')).toBe('0')
  expect(figures.get('mimir_undelivered')).toBe('0')
  expect(figures.get('mimir_connections')).toBe('1')
  await ann.messenger.close()
  expect((await read(registry)).get('mimir_connections')).toBe('Nan')
  expect(await registry.metrics()).toMatch(/^# TYPE mimir_messages_accepted_total counter$/m)
})

test('has a name for everything, the default registry, and a prefix of your own', async () => {
  prometheusMetrics({ prefix: 'bot_' })
  const names = register.getMetricsAsArray().map(({ name }) => name)
  expect(names).toHaveLength(Object.keys(METRICS).length)
  for (const name of names) expect(name).toMatch(/^bot_[a-z_]+$/)
  expect(() => prometheusMetrics({ prefix: 'bot_' })).toThrow(/already been registered/)
})

test('messengers with the same object are counted together', async () => {
  const world = createWorld()
  const registry = new Registry()
  const metrics = prometheusMetrics({ registry })
  const [ann, ben] = [await world.person({ metrics }), await world.person({ metrics })]
  ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen(ben.address))
  await ann.messenger.whenDelivered(await ann.messenger.send(ben.messenger.publicKey, 'hello'))
  const figures = await read(registry)
  expect(figures.get('mimir_messages_received_total')).toBe('1')
  expect(figures.get('mimir_connections')).toBe('2')
  expect(figures.get('mimir_unhandled')).toBe('1')
})
