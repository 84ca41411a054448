import type { StreamTransport } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { encodeFrame } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../src/index.js'
import { ALICE_NODE, BOB_NODE } from './support/current.js'
import { alice, bob } from './support/keys.js'
import { concat, message } from './support/machine.js'
import { addressOf, NodeNetwork } from './support/nodes.js'
import { answerByHand, dialByHand, OPEN_CONTROL } from './support/original.js'
import { WireEnd } from './support/wire-end.js'
import { Resident, turns } from './support/world.js'

const hello = encodeFrame(
  { type: 'hello', version: 1, publicKey: alice.publicKey, receiver: bob.publicKey, clientId: 1 },
  'current',
)

async function bobOn(net: StreamTransport, options: object = {}): Promise<Resident> {
  const b = new Resident(bob, [net], { generation: 'current', ...options })
  await b.peer.listen('memory://b')
  return b
}

describe('the first byte of a control stream', () => {
  test('what an opener writes, byte for byte', async () => {
    const net = createMemoryNetwork().streams
    let shaken: ReturnType<typeof answerByHand> | undefined
    await net.listen('memory://b', {
      onStream: (stream) => {
        shaken = answerByHand(stream, bob)
      },
    })
    const a = new Resident(alice, [net], { generation: 'current' })
    const connection = await a.peer.connect(bob.publicKey, ['memory://b'])
    const { hello: first, control } = await shaken!
    expect(toHex(first)).toBe(
      `00${'00000000'}00000001${'0000000000000050'}00000001${'00000020'}${toHex(alice.publicKey)}${'00000020'}${toHex(bob.publicKey)}00000007`,
    )
    expect(connection).toMatchObject({ extended: false, channelBound: false, generation: 'current' })
    control.frame({ type: 'text', ...message(5n, 'by hand') })
    expect(await control.take('ok')).toEqual({ type: 'ok', id: 5n })
    control.stream.abort()
    await a.peer.close()
  })

  test('role and HELLO in every cut', async () => {
    const net = createMemoryNetwork().streams
    const b = await bobOn(net)
    const first = concat([OPEN_CONTROL, hello])
    for (let cut = 1; cut <= first.length; cut++) {
      const end = await WireEnd.dial(net, 'memory://b')
      end.write(first.slice(0, cut))
      await turns(1)
      if (cut < first.length) end.write(first.slice(cut))
      expect(await end.take('challenge'), `cut at ${cut}`).toMatchObject({ type: 'challenge' })
      end.stream.abort()
    }
    await b.peer.close()
  })

  test('a whole handshake, byte by byte, and a message right behind it', async () => {
    const net = createMemoryNetwork().streams
    const b = await bobOn(net)
    const { control } = await dialByHand(net, 'memory://b', alice, bob.publicKey, { lastOk: false })
    const rest = concat([
      encodeFrame({ type: 'ok', id: 0n }, 'current'),
      encodeFrame({ type: 'text', ...message(1n, 'hello') }, 'current'),
    ])
    for (const byte of rest) {
      control.write(Uint8Array.of(byte))
      await turns(1)
    }
    await b.until(() => b.received.length === 1)
    expect(b.connections[0]!.extended).toBe(false)
    expect(await control.take('ok')).toEqual({ type: 'ok', id: 1n })
    control.stream.end()
    await b.until(() => b.ended.length === 1)
    expect(b.ended).toEqual([undefined])
    await b.peer.close()
  })

  test('roles that are none are reset, not left in silence', async () => {
    const net = createMemoryNetwork().streams
    const b = await bobOn(net)
    for (const role of [3, 4, 0x7f, 0x80, 0xff]) {
      const end = await WireEnd.dial(net, 'memory://b')
      end.write(Uint8Array.of(role), hello)
      await end.until(() => end.closed)
      expect(end.error, `role ${role}`).toMatchObject({ code: 'reset' })
      expect(end.bytes).toHaveLength(0)
    }
    await b.peer.close()
  })

  test('on a network that proves node keys, the role of ours alone is none either', async () => {
    const net = new NodeNetwork()
    const b = new Resident(bob, [net.node(BOB_NODE)], { generation: 'current' })
    await b.peer.listen(addressOf(BOB_NODE))
    const end = await WireEnd.dial(net.node(ALICE_NODE), addressOf(BOB_NODE))
    end.write(Uint8Array.of(2))
    await end.until(() => end.closed)
    expect(end.error).toMatchObject({ code: 'reset' })
    await b.peer.close()
  })

  test('a program of an older generation is told by its end, at once', async () => {
    const net = createMemoryNetwork().streams
    const b = await bobOn(net)
    const old = new Resident(alice, [net], { generation: 'overlay' })
    await expect(old.peer.connect(bob.publicKey, ['memory://b'])).rejects.toMatchObject({ code: 'unreachable' })
    expect(b.connections).toEqual([])
    await Promise.all([old.peer.close(), b.peer.close()])
  })

  test('strict order: not even PING before READY', async () => {
    const net = createMemoryNetwork().streams
    const b = await bobOn(net)
    const { control } = await dialByHand(net, 'memory://b', alice, bob.publicKey, { lastOk: false })
    control.frame({ type: 'ping' })
    await control.until(() => control.closed)
    expect(control.error).toMatchObject({ code: 'reset' })
    expect(b.connections).toEqual([])
    await b.peer.close()
  })
})

describe('streams that say nothing', () => {
  test('5 s for the role, then a reset; a stream that ends before is closed', async () => {
    const clock = createClock()
    const net = createMemoryNetwork().streams
    const b = await bobOn(net, { clock })
    const silent = await WireEnd.dial(net, 'memory://b')
    const early = await WireEnd.dial(net, 'memory://b')
    const half = await WireEnd.dial(net, 'memory://b')
    await turns()
    half.write(Uint8Array.of(1), new Uint8Array(31))
    early.stream.end()
    await early.until(() => early.closed)
    clock.advance(4_900)
    await turns()
    expect([silent.closed, half.closed]).toEqual([false, false])
    clock.advance(200)
    await silent.until(() => silent.closed)
    await half.until(() => half.closed)
    expect([silent.error, half.error]).toMatchObject([{ code: 'reset' }, { code: 'reset' }])
    await b.peer.close()
  })

  test('they count among those who have proven nothing: the oldest leaves', async () => {
    const net = createMemoryNetwork().streams
    const b = await bobOn(net, { limits: {} })
    const ends: WireEnd[] = []
    for (let count = 0; count < 100; count++) {
      ends.push(await WireEnd.dial(net, 'memory://b'))
      if (count % 3 === 0) ends.at(-1)!.write(OPEN_CONTROL)
      if (count % 3 === 1) ends.at(-1)!.write(Uint8Array.of(1, 2, 3))
    }
    await turns(5)
    const open = ends.filter(({ closed }) => !closed)
    expect(open.length).toBeLessThanOrEqual(DEFAULT_LIMITS.unauthenticated)
    expect(open.length).toBeGreaterThan(0)
    expect(open, 'the newest stay').toEqual(ends.slice(-open.length))
    const a = new Resident(alice, [net], { generation: 'current' })
    await a.peer.connect(bob.publicKey, ['memory://b'])
    for (const end of ends) end.stream.abort()
    await Promise.all([a.peer.close(), b.peer.close()])
  })

  test('closing takes them along', async () => {
    const net = createMemoryNetwork().streams
    const b = await bobOn(net)
    const ends = await Promise.all([1, 2, 3].map(() => WireEnd.dial(net, 'memory://b')))
    await turns()
    await b.peer.close({ timeoutMs: 60_000 })
    await Promise.all(ends.map((end) => end.until(() => end.closed)))
  })
})
