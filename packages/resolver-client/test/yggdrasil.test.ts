import { toHex } from '@mimirjs/wire'
import { Yggdrasil, type YggdrasilNode } from '@mimirjs/yggdrasil'
import { afterEach, expect, test } from 'vitest'
import { Resolver } from '../src/index.js'
import { identity } from './support.js'
import { answerTo, nodeRecord, nodeTracker } from './support-current.js'

// Real nodes on loopback, and a tracker that a test plays.

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function twoNodes(): Promise<[ours: YggdrasilNode, theirs: YggdrasilNode]> {
  const theirs = await Yggdrasil.start({ listen: ['tcp://127.0.0.1:0'] })
  closers.push(() => theirs.close())
  const ours = await Yggdrasil.start({ peers: theirs.listenAddresses })
  closers.push(() => ours.close())
  return [ours, theirs]
}

function resolverOf(node: YggdrasilNode, tracker: YggdrasilNode): Resolver {
  const resolver = new Resolver({
    generation: 'current',
    trackers: [`ygg://${toHex(tracker.publicKey)}:69`],
    transport: node.datagramTransport,
  })
  closers.push(() => resolver.close())
  return resolver
}

test('a tracker is found on a way that nothing has gone before, and answers reach us on port 69', async () => {
  const [ours, theirs] = await twoNodes()
  const tracker = await nodeTracker({ datagrams: theirs.datagramTransport }, (request) => [
    answerTo(request, [nodeRecord(1, 7)]),
  ])
  closers.push(() => tracker.close())
  expect(await resolverOf(ours, theirs).resolve(identity(1).publicKey)).toMatchObject([{ clientId: 7 }])
  expect(tracker.asked.map(({ form }) => form)).toEqual(tracker.asked.map(() => 'v2'))
})

test('one that knows only the first version is understood', async () => {
  const [ours, theirs] = await twoNodes()
  const tracker = await nodeTracker({ datagrams: theirs.datagramTransport }, (request) =>
    request.form === 'v1' ? [answerTo(request, [nodeRecord(1, 7)])] : undefined,
  )
  closers.push(() => tracker.close())
  expect(await resolverOf(ours, theirs).resolve(identity(1).publicKey)).toMatchObject([{ clientId: 7 }])
})
