import type { ByteStream } from '@mimirjs/transport'
import { expect, test } from 'vitest'
import type { RendezvousNode, RendezvousNodeOptions } from '../../src/index.js'
import { codeOf, NodeWorld, OPEN_DOOR, Reader } from '../support/node-world.js'

/** Two who let each other in, the second of whom keeps the streams that are opened to him. */
async function pair(
  world: NodeWorld,
  options: { readonly ann?: Partial<RendezvousNodeOptions>; readonly ben?: Partial<RendezvousNodeOptions> } = {},
): Promise<{ ann: RendezvousNode; ben: RendezvousNode; taken: ByteStream[] }> {
  const ann = await world.online(1, { ...OPEN_DOOR, ...options.ann })
  const ben = await world.online(2, { ...OPEN_DOOR, ...options.ben })
  const taken: ByteStream[] = []
  await ben.streams.listen(ben.address, { onStream: (stream) => taken.push(stream) })
  return { ann, ben, taken }
}

test('many streams on one link, opened by either side, each ended on its own', async () => {
  const world = new NodeWorld()
  const { ann, ben, taken } = await pair(world)
  const atAnn: ByteStream[] = []
  await ann.streams.listen(ann.address, { onStream: (stream) => atAnn.push(stream) })
  const dials = [ann.streams.dial(ben.address), ann.streams.dial(ben.address), ben.streams.dial(ann.address)]
  const [one, two, three] = (await world.settled(Promise.all(dials))).map((stream) => new Reader(stream))
  expect([ann.links().length, taken.length, atAnn.length, ann.links()[0]?.counters.streams]).toEqual([1, 2, 1, 3])
  expect([one?.stream.remotePublicKey, taken[0]?.remotePublicKey]).toEqual([ben.publicKey, ann.publicKey])
  const [first, second] = taken.map((stream) => new Reader(stream))

  one?.stream.abort()
  await world.until(() => first?.closedWith !== undefined, 'the reset')
  two?.stream.write(Uint8Array.of(1, 2))
  two?.stream.end()
  second?.stream.end()
  await world.until(() => second?.closedWith !== undefined && two?.closedWith !== undefined, 'the end')
  expect([one?.closedWith, first?.closedWith, two?.closedWith, second?.closedWith, second?.bytes]).toEqual([
    'aborted',
    'reset',
    'in order',
    'in order',
    [1, 2],
  ])
  expect([three?.closedWith, ann.links()[0]?.counters]).toEqual([
    undefined,
    { streams: 1, sentBytes: 2, receivedBytes: 0 },
  ])
})

test('both dial at once: both streams come about, on one link', async () => {
  const world = new NodeWorld()
  const { ann, ben } = await pair(world)
  await ann.streams.listen(ann.address, { onStream: () => {} })
  await world.settled(Promise.all([ann.streams.dial(ben.address), ben.streams.dial(ann.address)]))
  expect([ann.links().length, ben.links().length]).toEqual([1, 1])
})

test('a link ends some time after its last stream, and is made again by the next', async () => {
  const world = new NodeWorld()
  const { ann, ben, taken } = await pair(world)
  const stream = await world.settled(ann.streams.dial(ben.address))
  const [link] = ann.links()
  await world.pass(40_000)
  expect(link?.state).toBe('open')
  stream.abort()
  await world.until(() => ben.links()[0]?.counters.streams === 0, 'the stream to be over')
  await world.pass(29_000)
  expect(link?.state).toBe('open')
  await world.until(() => ben.links().length === 0, 'the link to end')
  expect(link?.closeCode).toBe('closed')
  await world.settled(ann.streams.dial(ben.address))
  expect([ann.links().length, taken.length]).toEqual([1, 2])
})

test('a link on which nobody opens streams stays, and so does one on which there is chat', async () => {
  const world = new NodeWorld()
  const { ann, ben } = await pair(world)
  ben.on('link', (link) => link.on('chat', () => {}))
  const link = await world.settled(ann.connect(ben.publicKey))
  for (let second = 0; second < 200; second++) await world.pass(1000)
  expect(link.state).toBe('open')
  const stream = await world.settled(ann.streams.dial(ben.address))
  stream.abort()
  await world.settled(link.sendChat('still there?'))
  for (let second = 0; second < 200; second++) await world.pass(1000)
  expect(link.state).toBe('open')
})

test('refused: nobody listens, or there are as many streams as one of the two takes', async () => {
  for (const fewAt of ['ann', 'ben']) {
    const world = new NodeWorld()
    const { ann, ben } = await pair(world, { [fewAt]: { limits: { streamsPerLink: 2 } } })
    expect(await codeOf(world.settled(ben.streams.dial(ann.address)))).toBe('refused')
    const dial = (): Promise<ByteStream> => world.settled(ann.streams.dial(ben.address))
    const streams = [await dial(), await dial()]
    expect(await codeOf(dial())).toBe('refused')
    streams[0]?.abort()
    await world.until(() => ben.links()[0]?.counters.streams === 1, 'room')
    await dial()
  }
})

test('a link that ends just when a stream is opened on it is made anew', async () => {
  const world = new NodeWorld()
  const { ann, ben, taken } = await pair(world)
  const link = await world.settled(ann.connect(ben.publicKey))
  await world.until(() => ben.links().length > 0, 'the link of the other side')
  ben.links()[0]?.close()
  expect(link.state).toBe('open')
  await world.settled(ann.streams.dial(ben.address))
  expect([link.state, link.closeCode, ann.links().length, taken.length]).toEqual(['closed', 'bye', 1, 1])
})

test('dial says why nothing came of it', async () => {
  const world = new NodeWorld()
  const { ann, ben } = await pair(world)
  const cid = await world.online(3)
  const [declined, silent] = [ann.streams.dial(cid.address), ben.streams.dial(cid.address, { timeoutMs: 5000 })]
  await world.until(() => cid.knocks().length === 2, 'the knocks')
  cid.decline(ann.publicKey, { tell: 'user' })
  expect(await Promise.all([declined, silent].map((dial) => codeOf(world.settled(dial, 10))))).toEqual([
    'refused',
    'timeout',
  ])
  await world.until(() => cid.knocks().length === 0, 'the knock of who gave up to be taken back')
  expect(await codeOf(ann.streams.dial(ann.address))).toBe('bad-address')
  expect(await codeOf(ann.streams.listen(ben.address, { onStream: () => {} }))).toBe('bad-address')
  await world.settled(ann.close())
  expect(await codeOf(ann.streams.dial(ben.address))).toBe('aborted')
  expect(await codeOf(ann.streams.listen(ann.address, { onStream: () => {} }))).toBe('aborted')
})

test('no path between the two', async () => {
  const world = new NodeWorld()
  const { ann, ben } = await pair(world)
  world.memory.rtc.setReachable(false)
  expect(await codeOf(world.settled(ann.streams.dial(ben.address), 100))).toBe('unreachable')
  await world.until(() => world.memory.rtc.open === 0, 'both connections to be cut')
})

test('the path is lost: the link looks for another, and what was written meanwhile arrives', async () => {
  const world = new NodeWorld()
  const { ann, ben, taken } = await pair(world)
  const stream = await world.settled(ann.streams.dial(ben.address))
  const reader = new Reader(taken[0] as ByteStream)
  const states: boolean[] = []
  ann.links()[0]?.on('restarting', (isRestarting) => states.push(isRestarting))
  world.memory.rtc.disturb()
  stream.write(Uint8Array.of(7))
  await world.until(() => reader.bytes.length > 0, 'the byte')
  expect([reader.bytes, states, ann.links()[0]?.isRestarting]).toEqual([[7], [true, false], false])
})

test('the path is lost for good: link and streams end, and say so', async () => {
  const world = new NodeWorld()
  const { ann, ben, taken } = await pair(world)
  const reader = new Reader(await world.settled(ann.streams.dial(ben.address)))
  const other = new Reader(taken[0] as ByteStream)
  const link = ann.links()[0]
  world.memory.rtc.setReachable(false)
  world.memory.rtc.disturb()
  for (let second = 0; second < 120; second++) await world.pass(1000)
  expect([reader.closedWith, other.closedWith, link?.closeCode]).toEqual(['reset', 'reset', 'lost'])
  expect([ann.links(), ben.links()]).toEqual([[], []])
})

test('the channel itself as a stream, for whoever knows no other', async () => {
  const world = new NodeWorld()
  const { ann, ben } = await pair(world)
  const link = await world.settled(ann.connect(ben.publicKey))
  await world.until(() => ben.links().length > 0, 'the link of the other side')
  const [mine, theirs] = [new Reader(link.stream), new Reader(ben.links()[0]?.stream as ByteStream)]
  mine.stream.write(new Uint8Array(2_000_000).fill(5))
  mine.stream.end()
  await world.until(() => theirs.hasEnded, 'the end')
  theirs.stream.write(Uint8Array.of(6))
  theirs.stream.end()
  await world.until(() => mine.closedWith !== undefined && theirs.closedWith !== undefined, 'the end of both')
  expect([theirs.bytes.length, mine.bytes, mine.closedWith, theirs.closedWith]).toEqual([
    2_000_000,
    [6],
    'in order',
    'in order',
  ])
  expect([ann.links(), ben.links()]).toEqual([[], []])
})

test('a listener that throws cuts that stream only', async () => {
  const world = new NodeWorld()
  const [ann, ben] = [await world.online(1, OPEN_DOOR), await world.online(2, OPEN_DOOR)]
  await ben.streams.listen(ben.address, {
    onStream: () => {
      throw new Error('no reader')
    },
  })
  const reader = new Reader(await world.settled(ann.streams.dial(ben.address)))
  await world.until(() => reader.closedWith !== undefined, 'the reset')
  expect([reader.closedWith, ann.links().length, world.errors.map(String)]).toEqual(['reset', 1, ['Error: no reader']])
})
