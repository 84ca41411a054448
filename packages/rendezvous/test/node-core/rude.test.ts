// What may be said on a link by somebody who has proved who he is, and keeps to no rule.
import { expect, test } from 'vitest'
import type { RendezvousNode } from '../../src/index.js'
import type { RendezvousLimits } from '../../src/limits.js'
import type { DataChannelLike } from '../../src/rtc/types.js'
import { NodeWorld, OPEN_DOOR, Reader } from '../support/node-world.js'

/** Two with a link; the channel `rendezvous` of the first is at hand. */
async function linked(limits: Partial<RendezvousLimits> = {}): Promise<{
  world: NodeWorld
  ann: RendezvousNode
  ben: RendezvousNode
  channel: DataChannelLike
}> {
  const world = new NodeWorld()
  const { platform } = world.memory
  const channels: DataChannelLike[] = []
  const createPeerConnection: typeof platform.createPeerConnection = async (config) => {
    const connection = await platform.createPeerConnection(config)
    const create = connection.createDataChannel.bind(connection)
    connection.createDataChannel = (label, init) => {
      const channel = create(label, init)
      channels.push(channel)
      return channel
    }
    return connection
  }
  const ann = await world.online(1, { ...OPEN_DOOR, platform: { ...platform, createPeerConnection } })
  const ben = await world.online(2, { ...OPEN_DOOR, limits })
  await world.settled(ann.connect(ben.publicKey))
  await world.until(() => ben.links().length > 0, 'the link of the other side')
  const [channel] = channels
  if (channel === undefined) throw new Error('expected a channel')
  return { world, ann, ben, channel }
}

test('a message that is longer than any may be ends the link', async () => {
  const { world, ann, ben, channel } = await linked()
  const reader = new Reader(ben.links()[0]?.stream ?? expect.unreachable())
  channel.send(new Uint8Array(16_384))
  await world.until(() => reader.bytes.length > 0, 'the message')
  channel.send(new Uint8Array(16_385))
  await world.until(() => ann.links().length === 0, 'the end')
  expect([reader.bytes.length, reader.closedWith, ben.links()]).toEqual([16_384, 'reset', []])
})

test('who waits for no window ends the link when too much is held unread', async () => {
  const { world, ann, ben, channel } = await linked({ receiveBytes: 100_000, windowBytes: 40_000 })
  for (let sent = 0; sent < 10; sent++) channel.send(new Uint8Array(10_000))
  await world.pass(1000)
  expect(ben.links()).toHaveLength(1)
  channel.send(new Uint8Array(1))
  await world.until(() => ann.links().length === 0, 'the end')
  expect(ben.links()).toEqual([])
})

test('who says nothing but bytes of streams is there', async () => {
  const { world, ann, ben, channel } = await linked()
  await ben.streams.listen(ben.address, {
    onStream: (stream) =>
      stream.start({ data: (chunk) => void stream.write(chunk.slice()), end() {}, drain() {}, closed() {} }),
  })
  const stream = await world.settled(ann.streams.dial(ben.address))
  channel.send = () => {}
  for (let second = 0; second < 200; second++) {
    if (second % 15 === 0) stream.write(Uint8Array.of(1))
    await world.pass(1000)
  }
  expect([ann.links().length, ben.links().length]).toEqual([1, 1])
})
