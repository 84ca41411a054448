// Packets through sessions: over every kind of link, and through others in the middle.
import { describe, expect, test } from 'vitest'
import type { EchoReport } from '../../../../interop/yggdrasil/go-node.js'
import { type GoMember, hex, type OurMember, startGo, startOurs, until } from './support/members.js'

/** From one byte to nearly as long as a packet can be; so many under way that no queue overflows. */
const MANY = { count: 10_000, minBytes: 1, maxBytes: 65_000, seed: 5, windowBytes: 65_536, stallMs: 10_000 }
const SOME = { ...MANY, count: 2_000 }

const whole = (count: number): Partial<EchoReport> => ({ sent: count, returned: count, lost: 0, wrong: 0 })

/**
 * Both ask: when the answer of one of theirs to an opening gets lost it is never repeated, and what the other one sends
 * again and again is the same opening, which counts as a repetition for a minute.
 */
async function reach(one: OurMember | GoMember, other: OurMember | GoMember): Promise<void> {
  const [there, back] = await Promise.all([one.ping([other.key], 20_000), other.ping([one.key], 20_000)])
  expect([there.has(other.publicKey), back.has(one.publicKey)]).toEqual([true, true])
}

describe.each(['tcp', 'tls', 'ws'] as const)('%s', (scheme) => {
  test('10,000 packets of ours come back from theirs', async () => {
    const go = await startGo({ listen: [`${scheme}://127.0.0.1:0`] })
    const ours = await startOurs({ peers: [...go.listening] })
    await reach(ours, go)
    await go.node.setMode('echo')
    expect(await ours.traffic.echo(go.key, MANY)).toMatchObject(whole(MANY.count))
    expect(ours.node.sessions().map(({ publicKey }) => hex(publicKey))).toEqual([go.publicKey])
  })

  test('10,000 packets of theirs come back from ours', async () => {
    const ours = await startOurs({ listen: [`${scheme}://127.0.0.1:0`] })
    const go = await startGo({ peers: [...ours.listening] })
    await reach(go, ours)
    ours.traffic.setMode('echo')
    expect(await go.node.echo(ours.key, MANY)).toMatchObject(whole(MANY.count))
    expect((await go.node.sessions()).map(({ key }) => key)).toEqual([ours.publicKey])
  })
})

test('ours between two of theirs, which see each other only through it', async () => {
  const ours = await startOurs({ listen: ['tcp://127.0.0.1:0', 'ws://127.0.0.1:0'] })
  const [tcp = '', ws = ''] = ours.listening
  const left = await startGo({ peers: [tcp] })
  const right = await startGo({ peers: [ws] })
  await reach(left, right)
  await right.node.setMode('echo')
  expect(await left.node.echo(right.key, SOME)).toMatchObject(whole(SOME.count))
  // It carried them and could not read them.
  expect(ours.node.sessions()).toEqual([])
  for (const member of [left, right])
    expect((await member.node.peers()).map(({ key }) => key)).toEqual([ours.publicKey])
})

test('theirs between two of ours, which see each other only through it', async () => {
  const go = await startGo({ listen: ['tcp://127.0.0.1:0', 'tls://127.0.0.1:0'] })
  const [tcp = '', tls = ''] = go.listening
  const left = await startOurs({ peers: [tcp] })
  const right = await startOurs({ peers: [tls] })
  await reach(left, right)
  right.traffic.setMode('echo')
  expect(await left.traffic.echo(right.key, SOME)).toMatchObject(whole(SOME.count))
  expect(await go.node.sessions()).toEqual([])
})

test('both begin at the same moment', async () => {
  const go = await startGo({ listen: ['tcp://127.0.0.1:0'] })
  const ours = await startOurs({ peers: [...go.listening] })
  await ours.node.online()
  await until('they know us', async () => (await go.node.tree()).length === 2)
  await reach(ours, go)
})

test('streams of ours through one of theirs', async () => {
  const go = await startGo({ listen: ['tcp://127.0.0.1:0'] })
  const [left, right] = [await startOurs({ peers: [...go.listening] }), await startOurs({ peers: [...go.listening] })]
  const BYTES = 1_000_000
  let received = 0
  const listener = await right.node.listen(42, {
    onStream: (stream) => {
      const data = (chunk: Uint8Array): void => {
        received += chunk.length
      }
      stream.start({ data, end: () => stream.end(), drain: () => {}, closed: () => {} })
    },
  })
  const stream = await left.node.openStream(right.key, 42)
  stream.start({ data: () => {}, end: () => {}, drain: () => {}, closed: () => {} })
  stream.write(new Uint8Array(BYTES).fill(7))
  stream.end()
  await until('everything is there', () => received === BYTES, 20_000)
  await listener.close()
})
