// Links of both kinds of nodes to each other: who is let in, and what both sides say of who is not.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { PeerInfo } from '../../src/node.js'
import { type GoMember, hex, type OurMember, startGo, startOurs, until } from './support/members.js'

const SCHEMES = ['tcp', 'tls', 'ws'] as const
const STRANGER = '11'.repeat(32)

const place = (scheme: string, options = ''): string => `${scheme}://127.0.0.1:0${options}`

/** The place of a member, as a peer URI with other options. */
const uriOf = (member: OurMember | GoMember, options = ''): string => `${member.listening[0]}${options}`

const theirPeer = async (go: GoMember, key: string): Promise<boolean> =>
  (await go.node.peers()).some((peer) => peer.up && peer.key === key)

const ourPeer = (ours: OurMember, key: string): PeerInfo | undefined =>
  ours.node.peers().find((peer) => peer.state === 'up' && peer.publicKey !== undefined && hex(peer.publicKey) === key)

async function bothUp(ours: OurMember, go: GoMember): Promise<void> {
  await until('our side is up', () => ourPeer(ours, go.publicKey) !== undefined)
  await until('their side is up', () => theirPeer(go, ours.publicKey))
}

describe.each(SCHEMES)('%s', (scheme) => {
  test.each([
    ['without a password', ''],
    ['with the same password', '?password=open%20sesame'],
  ])('we dial, %s', async (_, options) => {
    const go = await startGo({ listen: [place(scheme, options)] })
    const ours = await startOurs({ peers: [uriOf(go, options)] })
    await bothUp(ours, go)
    expect(ourPeer(ours, go.publicKey)).toMatchObject({ uri: uriOf(go), incoming: false, priority: 0, failures: 0 })
  })

  test.each([
    ['without a password', ''],
    ['with the same password', '?password=open%20sesame'],
  ])('they dial, %s', async (_, options) => {
    const ours = await startOurs({ listen: [place(scheme, options)] })
    const go = await startGo({ peers: [uriOf(ours, options)] })
    await bothUp(ours, go)
    expect(ourPeer(ours, go.publicKey)).toMatchObject({ incoming: true })
  })

  test.each([
    ['another password', '?password=one', '?password=two'],
    ['a password where none is asked for', '', '?password=two'],
    ['no password where one is asked for', '?password=one', ''],
  ])('we dial with %s', async (_, listening, dialling) => {
    const go = await startGo({ listen: [place(scheme, listening)] })
    const ours = await startOurs({ peers: [uriOf(go, dialling)] })
    await until('we say why', () => ours.node.peers()[0]?.error?.code === 'wrong-password')
    expect(ours.node.peers()[0]?.error?.message).toMatch(/password/)
    expect(await theirPeer(go, ours.publicKey)).toBe(false)
    // With the right one the same peer is let in, though others were not.
    const other = await startOurs({ peers: [uriOf(go, listening)] })
    await bothUp(other, go)
  })

  test.each([
    ['another password', '?password=one', '?password=two'],
    ['a password where none is asked for', '', '?password=two'],
    ['no password where one is asked for', '?password=one', ''],
  ])('they dial with %s', async (_, listening, dialling) => {
    const ours = await startOurs({ listen: [place(scheme, listening)] })
    const go = await startGo({ peers: [uriOf(ours, dialling)] })
    await until('they say why', async () => /password/.test((await go.node.peers())[0]?.error ?? ''))
    expect(ourPeer(ours, go.publicKey)).toBeUndefined()
    const other = await startGo({ peers: [uriOf(ours, listening)] })
    await bothUp(ours, other)
  })

  test('the priority of a link is the larger of both', async () => {
    const go = await startGo({ listen: [place(scheme, '?priority=3')] })
    const ours = await startOurs({ listen: [place(scheme, '?priority=9')], peers: [uriOf(go, '?priority=2')] })
    await bothUp(ours, go)
    expect(ourPeer(ours, go.publicKey)?.priority).toBe(3)
    const dialling = await startGo({ peers: [uriOf(ours, '?priority=4')] })
    await bothUp(ours, dialling)
    expect(ourPeer(ours, dialling.publicKey)?.priority).toBe(9)
    expect((await dialling.node.peers())[0]?.priority).toBe(9)
  })

  test('we dial with a pinned key', async () => {
    const go = await startGo({ listen: [place(scheme)] })
    const wrong = await startOurs({ peers: [uriOf(go, `?key=${STRANGER}`)] })
    await until('we say why', () => wrong.node.peers()[0]?.error?.code === 'pinned-key')
    const right = await startOurs({ peers: [uriOf(go, `?key=${STRANGER}&key=${go.publicKey}`)] })
    await bothUp(right, go)
  })

  test('they dial with a pinned key', async () => {
    const ours = await startOurs({ listen: [place(scheme)] })
    const wrong = await startGo({ peers: [uriOf(ours, `?key=${STRANGER}`)] })
    await until('they say why', async () => /pinned/.test((await wrong.node.peers())[0]?.error ?? ''))
    const right = await startGo({ peers: [uriOf(ours, `?key=${ours.publicKey}`)] })
    await bothUp(ours, right)
  })

  test('only those who are on the list', async () => {
    const [friend, stranger] = [await startGo(), await startGo()]
    const ours = await startOurs({ listen: [place(scheme)], allowedKeys: [friend.publicKey] })
    for (const go of [friend, stranger]) await go.addPeer(uriOf(ours))
    await bothUp(ours, friend)
    await until('the stranger is cut', async () => (await stranger.node.peers())[0]?.error !== undefined)
    expect(ourPeer(ours, stranger.publicKey)).toBeUndefined()
  })

  test('a link to ourselves is given up', async () => {
    const ours = await startOurs({ listen: [place(scheme)] })
    ours.addPeer(uriOf(ours))
    await until('it has stopped', () =>
      ours.node.peers().some(({ state, error }) => state === 'stopped' && error?.code === 'self'),
    )
  })
})

test('a Go node comes back, and we with it', async () => {
  const go = await startGo({ listen: ['tcp://127.0.0.1:0'] })
  const ours = await startOurs({ peers: [`${uriOf(go)}?maxbackoff=5s`] })
  await bothUp(ours, go)
  await go.stop()
  await until('we notice', () => ours.node.peers()[0]?.state === 'waiting')
  expect(ours.node.peers()[0]).toMatchObject({ failures: expect.any(Number), retryAtMs: expect.any(Number) })
  const again = await startGo({ listen: [...go.listening] })
  ours.node.retryNow()
  await bothUp(ours, again)
})

test('two links to one node are one neighbour', async () => {
  const go = await startGo({ listen: ['tcp://127.0.0.1:0', 'ws://127.0.0.1:0'] })
  const ours = await startOurs({ listen: ['tcp://127.0.0.1:0'], peers: [...go.listening] })
  await until('both are up', () => ours.node.peers().filter(({ state }) => state === 'up').length === 2)
  const ports = new Set(ours.node.peers().map(({ port }) => port))
  expect(ports.size).toBe(1)
  await until('they see both', async () => (await go.node.peers()).filter(({ up }) => up).length === 2)
  expect(new Set((await go.node.peers()).map(({ port }) => port)).size).toBe(1)
})

test('over a socket in the file system', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mimir-ygg-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const go = await startGo({ listen: [`unix://${folder}/go`] })
  const ours = await startOurs({ listen: [`unix://${folder}/ours`], peers: [`unix://${folder}/go`] })
  await bothUp(ours, go)
  const dialling = await startGo({ peers: [`unix://${folder}/ours`] })
  await bothUp(ours, dialling)
})
