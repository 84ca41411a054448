// One tree: the same root seen from both kinds, and coordinates that the others route by.
import { describe, expect, test } from 'vitest'
import { type GoMember, hex, type OurMember, startGo, startOurs, until } from './support/members.js'
import { HIGHEST, LOWEST } from './support/seeds.js'

const SCHEMES = ['tcp', 'tls', 'ws'] as const

/** Who is the root as a Go node sees it: the end of the walk from itself. */
async function rootOf(go: GoMember): Promise<string> {
  const parents = new Map((await go.node.tree()).map(({ key, parent }) => [key, parent]))
  let key = go.publicKey
  for (let steps = 0; steps <= parents.size; steps++) {
    const parent = parents.get(key)
    if (parent === undefined || parent === key) return key
    key = parent
  }
  throw new Error('its tree has a loop')
}

async function agreeOnRoot(root: string, ours: OurMember, ...theirs: readonly GoMember[]): Promise<void> {
  await until('our root', () => hex(ours.node.tree().root) === root)
  for (const go of theirs) await until('their root', async () => (await rootOf(go)) === root)
}

const pathTo = async (go: GoMember, key: string): Promise<readonly number[] | undefined> =>
  (await go.node.paths()).find((entry) => entry.key === key)?.path

const ourPathTo = (ours: OurMember, key: string): readonly number[] | undefined =>
  ours.node
    .paths()
    .find((entry) => hex(entry.publicKey) === key)
    ?.coordinates.map(Number)

const ourCoordinates = (ours: OurMember): readonly number[] => ours.node.tree().coordinates.map(Number)

describe.each(SCHEMES)('%s', (scheme) => {
  test('theirs is the root', async () => {
    const go = await startGo({ seed: LOWEST, listen: [`${scheme}://127.0.0.1:0`] })
    const ours = await startOurs({ seed: HIGHEST, peers: [...go.listening] })
    await agreeOnRoot(go.publicKey, ours, go)
    await until('coordinates', () => ours.node.tree().coordinates.length === 1)
    expect(ourCoordinates(ours)).toEqual((await go.node.peers()).map(({ port }) => port))
    expect((await ours.ping([go.key], 15_000)).size).toBe(1)
    expect(await pathTo(go, ours.publicKey)).toEqual(ourCoordinates(ours))
    expect(ourPathTo(ours, go.publicKey)).toEqual([])
  })

  test('ours is the root', async () => {
    const ours = await startOurs({ seed: LOWEST, listen: [`${scheme}://127.0.0.1:0`] })
    const go = await startGo({ seed: HIGHEST, peers: [...ours.listening] })
    await agreeOnRoot(ours.publicKey, ours, go)
    expect(ourCoordinates(ours)).toEqual([])
    await until('they are our child', () => ours.node.peers()[0]?.onTree === true)
    const { port = 0, coordinates = [] } = ours.node.peers()[0] ?? {}
    expect(coordinates.map(Number)).toEqual([port])
    expect((await go.ping([ours.key], 15_000)).size).toBe(1)
    expect(ourPathTo(ours, go.publicKey)).toEqual([port])
    expect(await pathTo(go, ours.publicKey)).toEqual([])
  })
})

test('a better root takes over, and when it goes the next one does', async () => {
  const root = await startGo({ seed: LOWEST, listen: ['tcp://127.0.0.1:0'] })
  const go = await startGo({ seed: HIGHEST, listen: ['tcp://127.0.0.1:0'] })
  const ours = await startOurs({ listen: ['tcp://127.0.0.1:0'], peers: [...go.listening] })
  await agreeOnRoot(ours.publicKey, ours, go)
  const uri = root.listening[0] ?? ''
  ours.addPeer(uri)
  await agreeOnRoot(root.publicKey, ours, go, root)
  await until('theirs is below us', async () => (await pathAfterPing(go, ours))?.length === 1)
  ours.removePeer(uri)
  await agreeOnRoot(ours.publicKey, ours, go)
})

/** Where a Go node finds ours once it has asked. */
async function pathAfterPing(go: GoMember, ours: OurMember): Promise<readonly number[] | undefined> {
  await go.ping([ours.key], 2000)
  return await pathTo(go, ours.publicKey)
}

test('a key is found by a part of it', async () => {
  const go = await startGo({ listen: ['tcp://127.0.0.1:0'] })
  const ours = await startOurs({ peers: [...go.listening] })
  await ours.node.online()
  expect(hex(await ours.node.lookup(go.node.address))).toBe(go.publicKey)
  expect(hex(await ours.node.lookup(go.publicKey))).toBe(go.publicKey)
})

test('they answer our ping, and we theirs', async () => {
  const go = await startGo({ listen: ['tcp://127.0.0.1:0'] })
  const ours = await startOurs({ peers: [...go.listening] })
  expect((await ours.node.ping(go.key)).attempts).toBeGreaterThan(0)
  expect((await go.node.sessions()).map(({ key }) => key)).toEqual([ours.publicKey])
})
