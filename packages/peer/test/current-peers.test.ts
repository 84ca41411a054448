// Peers of the current generation: several connections of one identity, and what is asked of the whole.
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock, createRandom, faultyStreams } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import type { Connection } from '../src/index.js'
import { BENCHES } from './support/bench-by-hand.js'
import { currentPair, digest, PLACES, pattern } from './support/current.js'
import { alice, bob } from './support/keys.js'
import { message, turn } from './support/machine.js'
import { addressOf, NodeNetwork } from './support/nodes.js'
import { answerByHand } from './support/original.js'
import { Resident, say } from './support/world.js'

const large = (guid: bigint, byteLength = 200_000) => ({ ...message(guid), payload: pattern(byteLength, Number(guid)) })

/** What arrived, by its content. */
function keepDigests(resident: Resident): string[] {
  const got: string[] = []
  resident.handlers = (connection) => ({
    message({ guid, payload }) {
      got.push(digest(payload))
      connection.acknowledge(guid)
      resident.changed()
    },
  })
  return got
}

describe.each(PLACES)('over $name', ({ make, provesKeys }) => {
  test('default options: extended, and bound to the channel where both ends are known', async () => {
    const { connection, back, close } = await currentPair(make())
    for (const one of [connection, back]) {
      expect(one).toMatchObject({ extended: true, channelBound: provesKeys, generation: 'current', callState: 'idle' })
    }
    await close()
  })

  test('probe: word of the PONG, or of the end', async () => {
    const { b, connection, back, close } = await currentPair(make())
    await Promise.all([connection.probe(), connection.probe(), back.probe()])
    const asked = connection.probe()
    back.abort()
    await expect(asked).rejects.toMatchObject({ code: 'transport' })
    await expect(connection.probe()).rejects.toMatchObject({ code: 'closed' })
    expect(b.ended).toMatchObject([{ code: 'aborted' }])
    await close()
  })

  test('two devices of one identity: each has its own data streams, and nothing is mixed up', async () => {
    const net = new NodeNetwork()
    const place = make()
    const keys = [1, 2].map((byte) => new Uint8Array(32).fill(byte))
    const bobsKey = new Uint8Array(32).fill(3)
    const b = new Resident(bob, [provesKeys ? net.node(bobsKey) : place.bob], { generation: 'current' })
    const atBob = keepDigests(b)
    const { address } = await b.peer.listen(provesKeys ? addressOf(bobsKey) : place.bobAddress)
    const devices = keys.map(
      (key, at) =>
        new Resident(alice, [provesKeys ? net.node(key) : place.alice], { generation: 'current', clientId: at + 1 }),
    )
    const atAlice = devices.map(keepDigests)
    for (const [at, device] of devices.entries()) {
      if (provesKeys) await device.peer.listen(addressOf(keys[at]!))
      await device.peer.connect(bob.publicKey, [address])
      await b.until(() => b.connections.length === at + 1)
    }
    expect(b.peer.connectionsOf(alice.publicKey)).toEqual(b.connections)
    expect(b.peer.connectionsOf(bob.publicKey)).toEqual([])
    expect(b.connections.map(({ remoteClientId }) => remoteClientId)).toEqual([1, 2])
    for (const [at, device] of devices.entries()) {
      device.connections[0]!.send(large(BigInt(at + 1)))
      b.connections[at]!.send(large(BigInt(at + 11)))
    }
    await Promise.all([
      b.until(() => b.acknowledged.length === 2 && atBob.length === 2),
      ...devices.map((device) => device.until(() => device.acknowledged.length === 1)),
    ])
    expect(atBob.sort()).toEqual([large(1n), large(2n)].map(({ payload }) => digest(payload)).sort())
    expect(atAlice).toEqual([large(11n), large(12n)].map(({ payload }) => [digest(payload)]))
    await Promise.all([b, ...devices].map(({ peer }) => peer.close()))
  })
})

describe.each(BENCHES)('an OK on another connection of the identity, $name', ({ make }) => {
  test('counts for what was written on the first, and nothing else does', async () => {
    const { b, shaken, connection, dialAgain, close } = await make()
    say(connection, 1n, 'small')
    await shaken.control.take('text')
    const second = await dialAgain()
    await b.until(() => b.connections.length === 2)
    second.control.frame(
      { type: 'ok', id: 99n },
      { type: 'ok', id: 0n },
      { type: 'ok', id: 1n },
      { type: 'ok', id: 1n },
    )
    await b.until(() => b.acknowledged.length === 1)
    expect(b.acknowledged).toEqual([1n])
    expect([connection.window, b.connections[1]!.window]).toEqual([16, 16])
    second.control.stream.abort()
    await close()
  })
})

describe('both dial at once', () => {
  test.each(Array.from({ length: 20 }, (_, seed) => seed))('seed %i: large messages too, each once', async (seed) => {
    const random = createRandom(seed)
    const place = PLACES[1 + (seed % 2)]!.make()
    const faults = { splitBytes: 5_000, delayMs: 2 }
    const a = new Resident(alice, [faultyStreams(place.alice, faults, { seed })], { generation: 'current' })
    const b = new Resident(bob, [faultyStreams(place.bob, faults, { seed: seed + 1 })], { generation: 'current' })
    const got = [keepDigests(a), keepDigests(b)] as const
    await Promise.all([a.peer.listen(place.aliceAddress), b.peer.listen(place.bobAddress)])
    const talk = async (from: Resident, to: Uint8Array, address: string, first: bigint): Promise<Connection> => {
      for (let count = random.integer(6); count > 0; count--) await turn()
      const connection = await from.peer.connect(to, [address])
      for (let guid = first; guid < first + 4n; guid++) {
        await from.until(() => connection.windowFor(80_000) > 0)
        connection.send(large(guid, 80_000))
        say(connection, guid + 100n, `${guid}`)
      }
      return connection
    }
    const used = await Promise.all([
      talk(a, bob.publicKey, place.bobAddress, 1n),
      talk(b, alice.publicKey, place.aliceAddress, 11n),
    ])
    await Promise.all([a, b].map((one, at) => one.until(() => one.acknowledged.length === 8 && got[at]!.length === 8)))
    for (const list of got) expect(new Set(list).size).toBe(8)
    expect(used.map(({ closed }) => closed)).toEqual([false, false])
    expect([...a.ended, ...b.ended]).toEqual([])
    await Promise.all([a.peer.close(), b.peer.close()])
  })
})

test('a dead peer is found by probing, while large messages wait for it', async () => {
  const clock = createClock()
  const net = createMemoryNetwork().streams
  const a = new Resident(alice, [net], { generation: 'current', clock })
  const streams: { abort(): void }[] = []
  let answered: Promise<unknown> | undefined
  await net.listen('memory://deaf', {
    onStream: (stream) => {
      streams.push(stream)
      if (streams.length === 1) answered = answerByHand(stream, bob)
      else stream.start({ data() {}, end() {}, drain() {}, closed() {} })
    },
  })
  const connection = await a.peer.connect(bob.publicKey, ['memory://deaf'])
  await answered
  connection.send(large(1n))
  const asked = connection.probe()
  const outcome = expect(asked).rejects.toMatchObject({ code: 'timeout' })
  clock.advance(7_000 + 13_000)
  await outcome
  for (const stream of streams) stream.abort()
  await a.peer.close()
})
