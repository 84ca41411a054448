import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { expect, test } from 'vitest'
import { METRICS } from '../src/index.js'
import { openTelemetryMetrics } from '../src/opentelemetry.js'
import { createWorld } from './support/world.js'

function createProvider() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  /** What the exporter is given now, by name. */
  const read = async () => {
    exporter.reset()
    await provider.forceFlush()
    const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    return new Map(metrics.map(({ descriptor, dataPoints }) => [descriptor.name, { descriptor, dataPoints }]))
  }
  return { provider, read }
}

test('the figures of a messenger as OpenTelemetry exports them', async () => {
  const { provider, read } = createProvider()
  const world = createWorld()
  const metrics = openTelemetryMetrics(provider.getMeter('test'))
  const [ann, ben] = [await world.person({ metrics }), await world.person()]
  const to = ben.messenger.publicKey
  ann.messenger.addAddress(to, await ben.messenger.listen(ben.address))
  const answered = new Promise<void>((resolve) => ann.messenger.on('message', () => resolve()))
  ben.messenger.on('message', (message) => message.reply('yes'))
  await ann.messenger.whenDelivered(await ann.messenger.send(to, 'hello'))
  await answered
  while ((await ann.messenger.health()).unhandled > 0) await new Promise((resolve) => setImmediate(resolve))

  const figures = await read()
  const value = (name: string) => figures.get(name)?.dataPoints[0]?.value
  expect(value('mimir.messages.accepted')).toBe(1)
  expect(value('mimir.messages.delivered')).toBe(1)
  expect(value('mimir.messages.received')).toBe(1)
  expect(value('mimir.network.received')).toBeGreaterThan(200)
  expect(value('mimir.connections')).toBe(1)
  expect(value('mimir.undelivered')).toBe(0)
  expect(value('mimir.handler.duration')).toMatchObject({
    count: 1,
    buckets: { boundaries: METRICS['handler.duration'].buckets },
  })
  expect(figures.get('mimir.handler.duration')?.descriptor.unit).toBe('s')
  expect(figures.get('mimir.network.sent')?.descriptor.unit).toBe('By')

  // Nobody can tell any more, which is no error.
  await ann.messenger.close()
  expect((await read()).get('mimir.messages.accepted')?.dataPoints[0]?.value).toBe(1)
  await provider.shutdown()
})
