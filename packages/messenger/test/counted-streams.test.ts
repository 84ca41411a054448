import { EventEmitter, once } from 'node:events'
import { type ByteStream, type StreamTransport, Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { tcp } from '@mimirjs/transport/tcp'
import { streamConformance } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { type ByteCounter, countBytes } from '../src/counted-streams.js'

function counted(transport: StreamTransport, counter: ByteCounter): StreamTransport {
  const transports = countBytes(new Transports([transport]), counter)
  // Other schemes would be refused by Transports already, in its own words.
  const of = (address: string) => (address.startsWith(`${transport.scheme}:`) ? transports : transport)
  return {
    scheme: transport.scheme,
    dial: (address, options) => of(address).dial(address, options),
    listen: (address, options) => of(address).listen(address, options),
  }
}

describe('counted streams are streams like any other', () => {
  const transport = counted(tcp(), { sent: () => {}, received: () => {} })
  const options = { transport, listenAddress: () => 'tcp://127.0.0.1:0', transferBytes: 1_048_576, connects: 50 }
  for (const check of streamConformance(options)) test(check.name, { timeout: 60_000 }, check.run)
})

test('every byte is counted, in both directions', async () => {
  const total = { sent: 0, received: 0 }
  const transport = counted(createMemoryNetwork().streams, {
    sent: (bytes) => {
      total.sent += bytes
    },
    received: (bytes) => {
      total.received += bytes
    },
  })
  const events = new EventEmitter()
  const start = (stream: ByteStream, name: string): void =>
    stream.start({
      data: () => {},
      drain: () => {},
      end: () => stream.end(),
      closed: () => events.emit(name),
    })
  const onStream = (stream: ByteStream): void => {
    start(stream, 'accepted')
    stream.write(new Uint8Array(5))
  }
  const listener = await transport.listen('memory://here', { onStream })
  const stream = await transport.dial(listener.address)
  const over = [once(events, 'accepted'), once(events, 'dialled')]
  start(stream, 'dialled')
  stream.write(new Uint8Array(100))
  stream.writeAll([new Uint8Array(20), new Uint8Array(3)])
  stream.end()
  await Promise.all(over)
  await listener.close()
  expect(total).toEqual({ sent: 128, received: 128 })
})
