import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createRandom, faultyStreams } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import type { Connection } from '../src/index.js'
import { alice, bob } from './support/keys.js'
import { Resident, say, turns } from './support/world.js'

describe('both dial at once', () => {
  test.each(Array.from({ length: 30 }, (_, seed) => seed))(
    'seed %i: no message is lost, no connection shot',
    async (seed) => {
      const random = createRandom(seed)
      const net = faultyStreams(createMemoryNetwork().streams, { splitBytes: 40, delayMs: 2 }, { seed })
      const a = new Resident(alice, [net])
      const b = new Resident(bob, [net])
      await Promise.all([a.peer.listen('memory://a'), b.peer.listen('memory://b')])
      const dial = async (
        from: Resident,
        publicKey: Uint8Array,
        address: string,
        first: bigint,
      ): Promise<Connection> => {
        await turns(random.integer(6))
        const connection = await from.peer.connect(publicKey, [address])
        for (let guid = first; guid < first + 10n; guid++) say(connection, guid, `${guid}`)
        return connection
      }
      const used = await Promise.all([
        dial(a, bob.publicKey, 'memory://b', 100n),
        dial(b, alice.publicKey, 'memory://a', 200n),
      ])
      await Promise.all([
        a.until(() => a.acknowledged.length === 10 && a.received.length === 10),
        b.until(() => b.acknowledged.length === 10 && b.received.length === 10),
      ])
      expect(b.received).toEqual(Array.from({ length: 10 }, (_, at) => `${100 + at}`))
      expect(a.received).toEqual(Array.from({ length: 10 }, (_, at) => `${200 + at}`))
      expect(used.map((connection) => connection.closed)).toEqual([false, false])
      expect([...a.ended, ...b.ended], 'nothing that was READY ended').toEqual([])
      expect(a.connections.length).toBeLessThanOrEqual(2)
      await Promise.all([a.peer.close(), b.peer.close()])
    },
  )

  test('a dial is called off when they come to us first, and both use that connection', async () => {
    const fast = createMemoryNetwork().streams
    const a = new Resident(alice, [fast])
    const b = new Resident(bob, [fast])
    await Promise.all([a.peer.listen('memory://a'), b.peer.listen('memory://b')])
    // Nobody answers at the first address, so our own dial hangs there.
    let hanging = 0
    await fast.listen('memory://deaf', {
      onStream(stream) {
        hanging++
        stream.start({ data() {}, end() {}, drain() {}, closed: () => void hanging-- })
      },
    })
    const attempt = a.peer.connect(bob.publicKey, ['memory://deaf', 'memory://b'])
    await turns()
    const theirs = await b.peer.connect(alice.publicKey, ['memory://a'])
    const ours = await attempt
    expect(ours.role).toBe('acceptor')
    await turns()
    expect(hanging).toBe(0)
    say(ours, 1n, 'to bob')
    say(theirs, 1n, 'to alice')
    await Promise.all([a.until(() => a.received.length === 1), b.until(() => b.received.length === 1)])
    expect([a.connections.length, b.connections.length]).toEqual([1, 1])
    await Promise.all([a.peer.close(), b.peer.close()])
  })
})
