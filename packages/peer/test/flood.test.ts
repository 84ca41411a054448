import type { ByteStream } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { tcp } from '@mimirjs/transport/tcp'
import { createRandom } from '@mimirjs/transport/testing'
import { encodeFrame } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../src/index.js'
import { handshake } from './support/by-hand.js'
import { alice, bob, eve } from './support/keys.js'
import { Resident, say, turns } from './support/world.js'

/** Connections that are opened and say little; how many are still open. */
class Crowd {
  open = 0
  readonly streams: ByteStream[] = []

  join(stream: ByteStream, first: Uint8Array): void {
    this.open++
    this.streams.push(stream)
    stream.start({ data() {}, end: () => stream.end(), drain() {}, closed: () => void this.open-- })
    if (first.length > 0) stream.write(first)
  }

  async leave(): Promise<void> {
    for (const stream of this.streams) stream.abort()
    while (this.open > 0) await turns()
  }
}

const hello = encodeFrame(
  { type: 'hello', version: 1, publicKey: eve.publicKey, receiver: bob.publicKey, clientId: 1 },
  'classic',
)

describe('connections that never prove anything', () => {
  test('default limits: few of them, the oldest out, and a guest notices nothing', async () => {
    const net = createMemoryNetwork().streams
    const a = new Resident(alice, [net])
    const b = new Resident(bob, [net], { limits: {} })
    await b.peer.listen('memory://b')
    const connection = await a.peer.connect(bob.publicKey, ['memory://b'])
    const crowd = new Crowd()
    for (let count = 0; count < 300; count++) {
      crowd.join(await net.dial('memory://b'), count % 2 === 0 ? hello : new Uint8Array(0))
      if (count % 50 === 0) {
        say(connection, BigInt(count + 1), 'are you there?')
        await turns()
      }
    }
    await a.until(() => a.acknowledged.length === 6)
    await turns(10)
    expect(crowd.open).toBeLessThanOrEqual(DEFAULT_LIMITS.unauthenticated)
    expect(crowd.open).toBeGreaterThan(0)
    expect(b.ended).toEqual([])
    expect(b.connections).toHaveLength(1)
    await crowd.leave()
    await Promise.all([a.peer.close(), b.peer.close()])
  })

  test('over TCP from one address: four at a time, and who hurries gets in', async () => {
    const a = new Resident(alice, [tcp()])
    const b = new Resident(bob, [tcp()], { limits: {} })
    const { address } = await b.peer.listen('tcp://127.0.0.1:0')
    const crowd = new Crowd()
    for (let count = 0; count < 60; count++) crowd.join(await tcp().dial(address), hello)
    while (crowd.open > DEFAULT_LIMITS.unauthenticatedPerAddress) await turns()
    const connection = await a.peer.connect(bob.publicKey, [address])
    say(connection, 1n, 'hello')
    await a.until(() => a.acknowledged.length === 1)
    expect(crowd.open).toBeLessThanOrEqual(DEFAULT_LIMITS.unauthenticatedPerAddress)
    await crowd.leave()
    await Promise.all([a.peer.close(), b.peer.close()])
  })

  test('a full house takes nobody', async () => {
    const net = createMemoryNetwork().streams
    const b = new Resident(bob, [net], { limits: { connections: 1 } })
    await b.peer.listen('memory://b')
    const a = new Resident(alice, [net])
    const e = new Resident(eve, [net])
    await a.peer.connect(bob.publicKey, ['memory://b'])
    await b.until(() => b.connections.length === 1)
    await expect(e.peer.connect(bob.publicKey, ['memory://b'])).rejects.toMatchObject({ code: 'unreachable' })
    await Promise.all([a, b, e].map((one) => one.peer.close()))
  })
})

describe('garbage', () => {
  test('a thousand connections of noise: the process lives, nothing is left of them', async () => {
    const random = createRandom(11)
    const net = createMemoryNetwork().streams
    const errors: object[] = []
    const logger = { debug() {}, info() {}, warn() {}, error: (fields: object) => void errors.push(fields) }
    const b = new Resident(bob, [net], { logger })
    await b.peer.listen('memory://b')
    const crowd = new Crowd()
    for (let count = 0; count < 1_000; count++) {
      const noise = random.bytes(1 + random.integer(200))
      // Half of them begin as a HELLO does.
      const first = random.chance(0.5) ? Uint8Array.of(...hello.subarray(0, random.integer(96)), ...noise) : noise
      crowd.join(await net.dial('memory://b'), first)
      if (random.chance(0.5)) crowd.streams.at(-1)!.end()
    }
    await turns(5)
    await crowd.leave()
    expect(b.connections).toEqual([])
    expect(errors).toEqual([])
    const a = new Resident(alice, [net])
    say(await a.peer.connect(bob.publicKey, ['memory://b']), 1n, 'still there?')
    await a.until(() => a.acknowledged.length === 1)
    await Promise.all([a.peer.close(), b.peer.close()])
  })
})

describe('slow readers', () => {
  test('an application that takes its time slows its sender down, and loses nothing', async () => {
    const net = createMemoryNetwork({ highWaterMarkBytes: 2_000 }).streams
    const a = new Resident(alice, [net])
    const b = new Resident(bob, [net], { limits: { inboundMessages: 3 } })
    const open: bigint[] = []
    let most = 0
    b.handlers = (connection) => ({
      message({ guid }) {
        open.push(guid)
        most = Math.max(most, open.length)
        setTimeout(() => {
          connection.acknowledge(guid)
          open.splice(open.indexOf(guid), 1)
        }, 1)
      },
    })
    await b.peer.listen('memory://b')
    const connection = await a.peer.connect(bob.publicKey, ['memory://b'])
    let guid = 0n
    while (guid < 60n) {
      await a.until(() => connection.window > 0)
      say(connection, ++guid, 'x'.repeat(1_000))
      await turns(1)
    }
    await a.until(() => a.acknowledged.length === 60)
    expect(a.acknowledged).toEqual(Array.from({ length: 60 }, (_, at) => BigInt(at + 1)))
    expect(most).toBeLessThanOrEqual(6)
    await Promise.all([a.peer.close(), b.peer.close()])
  })

  test('over TCP: a peer that sends and never reads is left, memory stays bounded', async () => {
    const b = new Resident(bob, [tcp()], { limits: { queuedBytes: 20_000 } })
    const { address } = await b.peer.listen('tcp://127.0.0.1:0')
    const a = new Resident(alice, [tcp()])
    const connection = await a.peer.connect(bob.publicKey, [address])
    await b.until(() => b.connections.length === 1)
    connection.close()
    await b.until(() => b.ended.length === 1)
    const stream = await tcp().dial(address)
    let closed = false
    const pings = new Uint8Array(16 * 4_096)
    const ping = encodeFrame({ type: 'ping' }, 'overlay')
    for (let at = 0; at < pings.length; at += 16) pings.set(ping, at)
    await handshake(stream, alice, bob.publicKey, () => {
      closed = true
    })
    stream.pause()
    await b.until(() => b.connections.length === 2)
    while (!closed && b.ended.length === 1) {
      stream.write(pings.slice())
      await turns(1)
    }
    await b.until(() => b.ended.length === 2)
    expect(b.ended[1]).toMatchObject({ code: 'slow-reader' })
    stream.abort()
    await Promise.all([a.peer.close(), b.peer.close()])
  })
})
