// Either side dies and comes back with its key: sessions, paths and records of its former life must not stand in the way.
import { expect, test } from 'vitest'
import { hex, type Member, numberedSeed, startGo, startMember, startOurs, until } from './support/members.js'

const RESTARTED = numberedSeed(77)
/** Two seconds until the link is dialled again, two until the tree is whole, one for each lookup. */
const BACK_MS = 20_000

/** Both ask, one after the other: the side with the old session first, unless told otherwise. */
async function talk(...members: readonly [Member, Member]): Promise<void> {
  for (const [from, to] of [members, [members[1], members[0]] as const])
    expect((await from.ping([to.key], BACK_MS)).has(to.publicKey), `${from.kind} asks ${to.kind}`).toBe(true)
}

/** The openings of sessions are numbered by seconds: one of the same second would be taken for a repetition of an old one. */
async function anotherSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1000)
  await until('the next second', () => Math.floor(Date.now() / 1000) > second)
}

test.each(['go', 'ours'] as const)('%s dies and comes back, and is asked first', async (kind) => {
  const place = { seed: RESTARTED, listen: ['tcp://127.0.0.1:0'] }
  const mortal = await startMember(kind, place)
  const [uri = ''] = mortal.listening
  const other = await startMember(kind === 'go' ? 'ours' : 'go', { peers: [uri] })
  await talk(other, mortal)
  await mortal.stop()
  await talk(other, await startMember(kind, { ...place, listen: [uri] }))
})

test.each(['go', 'ours'] as const)('%s dies and comes back, and asks first', async (kind) => {
  const place = { seed: RESTARTED, listen: ['tcp://127.0.0.1:0'] }
  const mortal = await startMember(kind, place)
  const [uri = ''] = mortal.listening
  const other = await startMember(kind === 'go' ? 'ours' : 'go', { peers: [uri] })
  await talk(other, mortal)
  await anotherSecond()
  await mortal.stop()
  await talk(await startMember(kind, { ...place, listen: [uri] }), other)
})

test.each(['go', 'ours'] as const)('%s comes back elsewhere in the network, behind the other kind', async (kind) => {
  const between = await startMember(kind === 'go' ? 'ours' : 'go', {
    listen: ['tcp://127.0.0.1:0', 'ws://127.0.0.1:0'],
  })
  const further = await startMember(kind, { listen: ['tcp://127.0.0.1:0'], peers: [between.listening[0] ?? ''] })
  const asking = await startMember('ours', { peers: [between.listening[1] ?? ''] })
  const mortal = await startMember(kind, { seed: RESTARTED, peers: [between.listening[0] ?? ''] })
  await talk(asking, mortal)
  await mortal.stop()
  await talk(asking, await startMember(kind, { seed: RESTARTED, peers: [further.listening[0] ?? ''] }))
})

test('the middle dies and comes back, and the ends go on with their session', async () => {
  const middle = await startGo({ seed: RESTARTED, listen: ['tcp://127.0.0.1:0'] })
  const [uri = ''] = middle.listening
  const [left, right] = [await startOurs({ peers: [uri] }), await startOurs({ peers: [uri] })]
  await talk(left, right)
  await middle.stop()
  await until('the link is gone', () => left.node.peers()[0]?.state !== 'up')
  await startGo({ seed: RESTARTED, listen: [uri] })
  await talk(left, right)
  expect(left.node.sessions().map(({ publicKey }) => hex(publicKey))).toEqual([right.publicKey])
})
