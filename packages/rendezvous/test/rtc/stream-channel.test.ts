import { createClock } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { DEFAULT_STREAM_LIMITS } from '../../src/rtc/limits.js'
import { StreamChannel } from '../../src/rtc/stream-channel.js'
import { FakeChannel, TellingChannel } from '../support/fake-channel.js'
import { Reader } from '../support/node-world.js'

const ENDS = { remoteAddress: 'rdv://b', localAddress: 'rdv://a', remotePublicKey: new Uint8Array(32) }
const LIMITS = { ...DEFAULT_STREAM_LIMITS, windowBytes: 40_000 }
const BYE = '{"type":"bye"}'
const END = '{"type":"bye","code":"end"}'

function window(n: number): string {
  return `{"type":"window","n":${n}}`
}

/** A channel that was taken into use, and what was told of it. */
function made(isOpener: boolean, channel = new FakeChannel()) {
  const told: string[] = []
  const stream = new StreamChannel(channel, {
    clock: createClock(),
    isOpener,
    isHeld: false,
    heard: () => true,
    taken: () => told.push('taken'),
    over: () => told.push('over'),
    closed: () => told.push('closed'),
  })
  return { channel, stream, told }
}

/** The channel of a stream that both sides use. */
async function open(isOpener = true) {
  const all = made(isOpener)
  await Promise.resolve()
  all.channel.bring(window(1000))
  return { ...all, reader: new Reader(all.stream.attach(ENDS, LIMITS)) }
}

describe('how a stream begins', () => {
  test('the opener hears by the first window that it is taken, and sends no more than that', async () => {
    const { channel, told, reader } = await open()
    expect([told, channel.sent]).toEqual([['taken'], [window(40_000)]])
    reader.stream.write(new Uint8Array(1500))
    channel.bring(window(20_000))
    reader.stream.write(new Uint8Array(30_000))
    expect(channel.sent.slice(1)).toEqual([1000, 500, 16_384, 2116])
  })

  test('what comes before the platform says that the channel is open waits, and nothing of ours is lost', () => {
    const { channel, stream, told } = made(true, new FakeChannel('connecting'))
    channel.bring(window(1000))
    expect(told).toEqual([])
    channel.open()
    expect(told).toEqual(['taken'])
    stream.attach(ENDS, LIMITS)
    expect(channel.sent).toEqual([window(40_000)])
  })

  test('who sends without end before the channel is open is cut off', () => {
    const { channel } = made(true, new FakeChannel('connecting'))
    for (let count = 0; count < 65; count++) channel.bring(window(1000))
    expect(channel.closes).toBe(1)
  })
})

test('no more than so much is given to a channel that does not get rid of it', async () => {
  class Stalled extends TellingChannel {
    override send(data: string | Uint8Array): void {
      super.send(data)
      this.bufferedAmount += data.length
    }
  }
  const channel = new Stalled()
  const { stream } = made(true, channel)
  await Promise.resolve()
  channel.bring(window(3_000_000))
  stream.attach(ENDS, LIMITS).write(new Uint8Array(3_000_000))
  expect(channel.bufferedAmount).toBeGreaterThanOrEqual(LIMITS.bufferedBytes)
  expect(channel.bufferedAmount).toBeLessThan(LIMITS.bufferedBytes + 20_000)
  channel.bufferedAmount = 0
  channel.onbufferedamountlow?.()
  expect(channel.bufferedAmount).toBeGreaterThan(1_000_000)
})

describe('how a stream ends', () => {
  test('in order: both have ended, both say bye, the opener closes when its bye was answered', async () => {
    const { channel, told, reader } = await open()
    channel.bring(new Uint8Array(0))
    reader.stream.end()
    await Promise.resolve()
    expect([channel.sent.slice(1), told, reader.closedWith]).toEqual([[0, BYE], ['taken', 'over'], undefined])
    channel.bring(BYE)
    await Promise.resolve()
    expect([reader.closedWith, channel.closes]).toEqual(['in order', 0])
    channel.bring(END)
    expect([told, channel.closes]).toEqual([['taken', 'over', 'closed'], 1])
  })

  test('an abort says bye, and drops what comes until it is answered', async () => {
    const { channel, told, reader } = await open()
    reader.stream.abort()
    channel.bring(new Uint8Array(100))
    channel.bring('no window')
    expect([channel.sent.slice(1), channel.closes]).toEqual([[BYE], 0])
    channel.bring(END)
    await Promise.resolve()
    expect([told, channel.closes, reader.closedWith]).toEqual([['taken', 'over', 'closed'], 1, 'aborted'])
  })

  test('a bye is a reset, and whoever did not open the channel answers it and waits', async () => {
    const { channel, reader, told } = await open(false)
    channel.bring(BYE)
    await Promise.resolve()
    expect([reader.closedWith, channel.sent.slice(1), channel.closes]).toEqual(['reset', [END], 0])
    channel.onclose?.()
    expect(told.slice(-2)).toEqual(['over', 'closed'])
  })

  test('both abort at once: the answer comes all the same', async () => {
    const { channel, reader } = await open(false)
    reader.stream.abort()
    channel.bring(BYE)
    expect(channel.sent.slice(1)).toEqual([BYE, END])
  })

  test('whoever opens and gives up before the channel is open says so when it is', () => {
    const { channel, stream, told } = made(true, new FakeChannel('connecting'))
    stream.leave()
    stream.leave()
    expect([channel.sent, told]).toEqual([[], ['over']])
    channel.open()
    expect(channel.sent).toEqual([BYE])
  })

  test('nobody takes it', async () => {
    const { channel, told } = made(true)
    await Promise.resolve()
    channel.bring(END)
    expect([told, channel.sent, channel.closes]).toEqual([['over', 'closed'], [BYE], 1])
  })

  test('the channel closes', async () => {
    const { channel, told, reader } = await open()
    channel.onclose?.()
    await Promise.resolve()
    expect([told, reader.closedWith]).toEqual([['taken', 'over', 'closed'], 'reset'])
  })
})

describe('what cannot be ends the stream, and nothing else', () => {
  const bad: Record<string, string | Uint8Array<ArrayBuffer>> = {
    'a text that is no frame': 'x',
    'a frame of another kind': '{"type":"ping","n":1}',
    'a frame that is not known': '{"type":"more"}',
    'a smaller window than before': window(10),
    'a message that is too long': new Uint8Array(16_385),
  }
  for (const [name, message] of Object.entries(bad)) {
    test(name, async () => {
      const { channel, reader } = await open()
      channel.bring(message)
      await Promise.resolve()
      expect([reader.closedWith, channel.sent.slice(1)]).toEqual(['reset', [BYE]])
    })
  }

  test('more bytes than were granted', async () => {
    const { channel, reader } = await open()
    reader.stream.pause()
    for (let sent = 0; sent < 3; sent++) channel.bring(new Uint8Array(16_000))
    await Promise.resolve()
    expect(reader.closedWith).toBe('reset')
  })

  test('bytes before anything was granted', async () => {
    const { channel, told } = made(false)
    await Promise.resolve()
    channel.bring(new Uint8Array(1))
    expect([told, channel.sent]).toEqual([['over'], [BYE]])
  })
})
