import type { ByteStream } from '@mimirjs/transport'
import { createClock } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import { DEFAULT_STREAM_LIMITS } from '../../src/rtc/limits.js'
import { LinkStreams } from '../../src/rtc/link-streams.js'
import { FakeChannel } from '../support/fake-channel.js'
import { codeOf } from '../support/node-world.js'

const ENDS = { remoteAddress: 'rdv://b', localAddress: 'rdv://a', remotePublicKey: new Uint8Array(32) }
const WINDOW = '{"type":"window","n":524288}'

function made(heard = () => true) {
  const opened: FakeChannel[] = []
  const taken: ByteStream[] = []
  const streams = new LinkStreams({
    limits: DEFAULT_STREAM_LIMITS,
    clock: createClock(),
    openChannel: () => {
      const channel = new FakeChannel()
      opened.push(channel)
      return channel
    },
    heard,
    changed: () => {},
  })
  const link = { ends: ENDS, taker: () => (stream: ByteStream) => void taken.push(stream) }
  return { streams, opened, taken, link }
}

test('channels that come before the other side has proved who it is wait for that, as many as may be open', async () => {
  const { streams, taken, link } = made()
  const channels = Array.from({ length: 66 }, () => new FakeChannel())
  for (const channel of channels) streams.incoming(channel)
  await Promise.resolve()
  expect([taken.length, channels.map(({ closes }) => closes)]).toEqual([0, [...Array(64).fill(0), 1, 1]])
  streams.linkOpened(link)
  expect([taken.length, channels[0]?.sent]).toEqual([64, [WINDOW]])
})

test('and what came on them waits with them', async () => {
  let isOpen = false
  const { streams, taken, link } = made(() => isOpen)
  const [granting, leaving] = [new FakeChannel(), new FakeChannel()]
  for (const channel of [granting, leaving]) streams.incoming(channel)
  await Promise.resolve()
  granting.bring('{"type":"window","n":3}')
  leaving.bring('{"type":"bye"}')
  expect([granting.sent, leaving.sent]).toEqual([[], []])
  isOpen = true
  streams.linkOpened(link)
  taken[0]?.write(new Uint8Array(5))
  expect([granting.sent, leaving.sent]).toEqual([
    [WINDOW, 3],
    [WINDOW, '{"type":"bye","code":"end"}'],
  ])
  expect(streams.size).toBe(1)
})

test.each([
  ['data', 1, new Uint8Array(1)],
  ['a long text', 1, 'x'.repeat(257)],
  ['without end', 5, '{"type":"window","n":1}'],
])('whoever sends %s on one that waits is cut off', async (_, count, message) => {
  const { streams } = made()
  const channel = new FakeChannel()
  streams.incoming(channel)
  await Promise.resolve()
  for (let sent = 0; sent < count; sent++) channel.bring(message)
  expect(channel.closes).toBe(1)
})

test('of those that are closed before, nothing is kept', async () => {
  const { streams, taken, link } = made()
  for (let at = 0; at < 100; at++) {
    const channel = new FakeChannel()
    streams.incoming(channel)
    await Promise.resolve()
    expect(channel.closes).toBe(0)
    channel.onclose?.()
  }
  streams.linkOpened(link)
  expect([taken, streams.size]).toEqual([[], 0])
})

test('and are closed when it does not', async () => {
  const { streams, taken } = made()
  const channel = new FakeChannel()
  streams.incoming(channel)
  streams.linkClosed(new Error('bind'))
  streams.incoming(new FakeChannel())
  await Promise.resolve()
  expect([taken, channel.closes, streams.size]).toEqual([[], 1, 0])
})

test('channels of other kinds are closed', () => {
  const { streams, link } = made()
  streams.linkOpened(link)
  for (const part of [{ label: 'data' }, { protocol: '' }, { ordered: false }]) {
    const channel = new FakeChannel()
    Object.assign(channel, part)
    streams.incoming(channel)
    expect([channel.closes, streams.size]).toEqual([1, 0])
  }
})

test('whoever opens and closes without end has few at once', async () => {
  const { streams, link, taken } = made()
  streams.linkOpened(link)
  const channels = Array.from({ length: 200 }, () => new FakeChannel())
  for (const channel of channels) {
    streams.incoming(channel)
    await Promise.resolve()
    channel.bring('{"type":"bye"}')
  }
  // He says that he ends them, and does not close them.
  expect([taken.length, streams.size]).toEqual([128, 0])
  expect(channels.filter(({ closes }) => closes > 0)).toHaveLength(72)
})

test('a stream that is being opened ends with the link, or with the patience of whoever opens it', async () => {
  const { streams, opened, link } = made()
  const controller = new AbortController()
  expect(await codeOf(streams.open(controller.signal))).toBe('reset')
  streams.linkOpened(link)
  const [first, second] = [codeOf(streams.open(controller.signal)), codeOf(streams.open(new AbortController().signal))]
  await Promise.resolve()
  controller.abort(Object.assign(new Error('enough'), { code: 'enough' }))
  expect([await first, opened[0]?.sent]).toEqual(['enough', ['{"type":"bye"}']])
  streams.linkClosed(new Error('lost'))
  expect(await second).toBe('reset')
})
