import type { ByteStream, Listener } from '@mimirjs/transport'
import { expect, test } from 'vitest'
import { WaysBack } from '../src/data/ways-back.js'

const OURS = '11'.repeat(32)
const THEIRS = '22'.repeat(32)

/** A network that takes everything but what is in use, and keeps account. */
class Network {
  readonly listened: string[] = []
  readonly open = new Set<string>()
  inUse = false
  readonly ways = new WaysBack((address) => this.#listen(address))

  async #listen(address: string): Promise<Listener> {
    this.listened.push(address)
    await Promise.resolve()
    if (this.inUse || this.open.has(address)) throw new Error('in use')
    this.open.add(address)
    return { address, close: async () => void this.open.delete(address) }
  }

  dialled(port: number, provesKeys = true): Promise<void> {
    const stream = {
      localAddress: `ygg://${OURS}:50000`,
      ...(provesKeys ? { remotePublicKey: new Uint8Array(32).fill(0x22) } : {}),
    } as ByteStream
    return this.ways.open(`ygg://${THEIRS}:${port}`, stream)
  }
}

test('one for each port that was dialled, at our own key', async () => {
  const network = new Network()
  await Promise.all([network.dialled(42), network.dialled(42), network.dialled(43)])
  await network.dialled(42)
  expect(network.listened).toEqual([`ygg://${OURS}:42`, `ygg://${OURS}:43`])
  await network.ways.close()
  expect([...network.open]).toEqual([])
})

test('none where the network proves no keys', async () => {
  const network = new Network()
  await network.dialled(42, false)
  expect(network.listened).toEqual([])
})

test('whoever wants to listen there gets the port, however the address is written', async () => {
  const network = new Network()
  for (const address of [`ygg://${OURS}:42`, 'ygg://[::]:42']) {
    await network.dialled(42)
    expect([...network.open]).toEqual([`ygg://${OURS}:42`])
    await network.ways.release(address)
    expect([...network.open]).toEqual([])
  }
  await network.dialled(42)
  for (const address of ['ygg://[::]:43', 'tcp://[::]:42', 'ygg://[::]:0', 'nonsense'])
    await network.ways.release(address)
  expect([...network.open]).toEqual([`ygg://${OURS}:42`])
})

test('a port that somebody else has is tried again by the next dial', async () => {
  const network = new Network()
  network.inUse = true
  await network.dialled(42)
  network.inUse = false
  await network.dialled(42)
  expect([...network.open]).toEqual([`ygg://${OURS}:42`])
})
