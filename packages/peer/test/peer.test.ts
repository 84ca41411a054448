import { createSigner } from '@mimirjs/crypto'
import { Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { tcp } from '@mimirjs/transport/tcp'
import { expect, test } from 'vitest'
import { type Connection, type ConnectionHandlers, Peer } from '../src/index.js'

const text = (guid: bigint, body: string) => ({
  guid,
  replyTo: 0n,
  sendTimeMs: 1n,
  editTimeMs: 0n,
  messageType: 0,
  payload: new TextEncoder().encode(body),
})
for (const generation of ['classic', 'overlay'] as const) {
  for (const scheme of ['tcp', 'memory']) {
    test(`${generation} over ${scheme}`, async () => {
      const net = createMemoryNetwork()
      const transports = new Transports([tcp(), net.streams])
      const got: string[] = []
      const acked: bigint[] = []
      const make = (seed: number, handlers: (c: Connection) => ConnectionHandlers) =>
        new Peer({
          signer: createSigner(new Uint8Array(32).fill(seed)),
          transports,
          clientId: seed,
          generation,
          onConnection: handlers,
        })
      const bob = make(2, (c) => ({
        message(m) {
          got.push(new TextDecoder().decode(m.payload))
          c.acknowledge(m.guid)
        },
        acknowledged() {},
        closed() {},
      }))
      let all: () => void = () => {}
      const done = new Promise<void>((r) => (all = r))
      const alice = make(1, () => ({
        message() {},
        acknowledged(g) {
          acked.push(g)
          if (acked.length === 3) all()
        },
        closed() {},
      }))
      const listener = await bob.listen(scheme === 'tcp' ? 'tcp://127.0.0.1:0' : 'memory://bob')
      const bobKey = createSigner(new Uint8Array(32).fill(2)).publicKey
      const c = await alice.connect(bobKey, [listener.address])
      for (const [i, t] of ['a', 'b', 'c'].entries()) c.send(text(BigInt(i + 1), t))
      await done
      expect(got).toEqual(['a', 'b', 'c'])
      expect(acked).toEqual([1n, 2n, 3n])
      await Promise.all([alice.close(), bob.close()])
    })
  }
}
