// Weaknesses 10, 11 and 16 of rendezvous protocol A12: people who are not known, and servers and people without measure.
import { encodeLegacyMessage } from '@mimirjs/wire/rendezvous'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { alice, bob, old, pemOf, relayed } from './support/accounts.js'
import { BadServer } from './support/bad-server.js'
import { OriginalServer } from './support/original-server.js'
import { ourServer, Scene } from './support/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** Our client for alice at one bad server, its first frame said. */
async function atBadServer(): Promise<{ server: BadServer; url: string }> {
  const server = new BadServer(() => scene.clock.nowMs())
  const url = scene.serve(server)
  await scene.wait(0)
  return { server, url }
}

describe('10 and 11: people who are not known', () => {
  const description = (type: 'offer' | 'answer') => {
    const setup = type === 'offer' ? 'actpass' : 'active'
    const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':')
    const sdp = `v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=fingerprint:sha-256 ${fingerprint}\r\na=setup:${setup}\r\n`
    return { type, sdp }
  }
  const signal = (type: 'offer' | 'answer', number = 1) =>
    JSON.parse(
      encodeLegacyMessage({
        type: 'signal',
        from: pemOf(old),
        to: pemOf(alice),
        description: description(type),
        candidates: [{ candidate: `candidate:${number}` }],
      }),
    ) as object

  /** The newest WebSocket. */
  const last = () => [...scene.network.sockets].at(-1)

  test('an answer that nobody asked for: the original connects to its sender, ours does not even ask', async () => {
    const servers = [scene.serve(new OriginalServer())]
    const a = scene.original(alice, servers)
    a.handle(JSON.parse(relayed(old, signal('answer'), 'relayed-msg')) as never, () => {})
    await scene.wait(500)
    expect(a.peers.get(pemOf(old))?.connections).toBe(1)
    a.close()
    const b = scene.ours(alice, servers, { policy: () => 'ask' })
    await scene.wait(0)
    last()?.onmessage?.({ data: relayed(old, signal('answer'), 'relayed-msg') })
    await scene.wait(500)
    expect(b.node.counters.state).toBe(1)
    expect([b.node.prompts, scene.network.rtc.open]).toEqual([[], 1])
  })

  test('an offer: the original shows where it is, ours asks, and not too often', async () => {
    const servers = [scene.serve(new OriginalServer())]
    const b = scene.ours(alice, servers, { policy: () => 'ask' })
    const asked: string[] = []
    const missed: string[] = []
    b.node.on('incoming', ({ person }) => asked.push(person.pem))
    b.node.on('missed', ({ person }) => missed.push(person.pem))
    await scene.wait(0)
    for (let number = 0; number < 100; number++) {
      last()?.onmessage?.({ data: relayed(old, signal('offer', number), 'relayed-msg') })
      await scene.wait(20_000)
    }
    // 33 minutes: three questions, and then none for the rest of the hour.
    expect([asked.length, missed.length]).toEqual([3, 3])
    expect(b.node.counters.policy).toBeGreaterThan(70)
    expect(scene.network.rtc.peers.size).toBe(0)
  })

  test.each([
    ['nothing', () => undefined],
    ['a promise', () => Promise.resolve('ask')],
    ['another word', () => 'Ask'],
    [
      'an error',
      () => {
        throw new Error('of the program')
      },
    ],
  ])('a policy that gives %s lets nobody in', async (_, policy) => {
    const servers = [scene.serve(new OriginalServer())]
    const b = scene.ours(alice, servers, { policy: policy as () => 'ask' })
    const errors: unknown[] = []
    b.node.on('error', (error) => errors.push(error))
    await scene.wait(0)
    last()?.onmessage?.({ data: relayed(old, signal('offer', 1), 'relayed-msg') })
    await scene.wait(500)
    expect(errors).toHaveLength(1)
    expect(b.node.counters.policy).toBe(1)
    expect(scene.network.rtc.peers.size).toBe(0)
  })

  test('who is declined is not told, and who is blocked is not asked about again', async () => {
    const servers = [scene.serve(new OriginalServer())]
    const b = scene.ours(alice, servers, { policy: () => 'ask' })
    await scene.wait(0)
    last()?.onmessage?.({ data: relayed(old, signal('offer', 1), 'relayed-msg') })
    await scene.wait(0)
    b.node.decline(pemOf(old), { block: true })
    await scene.wait(60_000)
    last()?.onmessage?.({ data: relayed(old, signal('offer', 2), 'relayed-msg') })
    await scene.wait(0)
    expect(b.node.prompts).toEqual([])
    expect(b.node.counters).toMatchObject({ accepted: 1, policy: 1 })
    expect(scene.network.rtc.peers.size).toBe(0)
  })

  test.each([
    ['no frame', '{', 'frame'],
    ['chat from a server', '{"type":"chat","text":"x"}', 'frame'],
    ['no message', '{"type":"relayed-msg","msg":{},"signature":""}', 'message'],
    ['for another', relayed(old, { type: 'signal', from: pemOf(old), to: pemOf(bob) }, 'relayed-msg'), 'to'],
    ['from nobody', relayed(old, { type: 'signal', from: 'x', to: pemOf(alice) }, 'relayed-msg'), 'from'],
    ['from us', relayed(alice, { type: 'signal', from: pemOf(alice), to: pemOf(alice) }, 'relayed-msg'), 'from'],
    [
      'from a key in another spelling',
      relayed(old, { type: 'signal', from: pemOf(old).trim(), to: pemOf(alice) }, 'relayed-msg'),
      'from',
    ],
    ['in another name', relayed(bob, signal('offer'), 'relayed-msg'), 'signature'],
    ['no signal', relayed(old, { type: 'signal', from: pemOf(old), to: pemOf(alice) }, 'relayed-msg'), 'signal'],
    [
      'of the first dialects',
      relayed(
        old,
        { type: 'connect-from', to: pemOf(alice), desc: description('offer'), from: pemOf(old) },
        'relayed-msg',
      ),
      'signal',
    ],
    [
      'a description with a second medium',
      relayed(
        old,
        {
          type: 'signal',
          signal: {
            ice_candidates: [null],
            desc: { type: 'offer', sdp: `${description('offer').sdp}m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n` },
          },
          from: pemOf(old),
          to: pemOf(alice),
        },
        'relayed-msg',
      ),
      'sdp',
    ],
  ] as const)('%s: dropped and counted', async (_, text, verdict) => {
    const b = scene.ours(alice, [scene.serve(new OriginalServer())])
    await scene.wait(0)
    last()?.onmessage?.({ data: text })
    await scene.wait(0)
    expect(b.node.counters).toMatchObject({ [verdict]: 1, accepted: 0 })
    expect(scene.network.rtc.peers.size).toBe(0)
  })
})

describe('16: no end of anything', () => {
  test('a server that sends rubbish is left', async () => {
    const { server, url } = await atBadServer()
    const a = scene.ours(alice, [url])
    await scene.wait(0)
    for (let count = 0; count < 21; count++) server.send('null')
    await scene.wait(600_000)
    expect(a.node.servers).toEqual([{ url, state: 'left', reason: 'malformed' }])
    expect(server.got).toHaveLength(1)
  })

  test('a server that never finishes is tried again, later and later', async () => {
    const { server, url } = await atBadServer()
    const a = scene.ours(alice, [url])
    await scene.wait(3_600_000)
    expect(server.clients.length).toBeGreaterThan(5)
    expect(server.clients.length).toBeLessThan(60)
    expect(a.node.servers[0]?.state).toMatch(/waiting|connecting/)
  })

  test('logged in elsewhere: left until the user wants it back', async () => {
    const servers = [scene.serve(ourServer(scene.clock))]
    const [older, newer] = [scene.ours(alice, servers), scene.ours(alice, servers)]
    await scene.wait(600_000)
    expect([older, newer].map(({ node }) => node.servers[0]?.reason)).toEqual(['replaced', undefined])
    older.node.refresh()
    await scene.wait(1000)
    expect([older, newer].map(({ node }) => node.servers[0]?.state)).toEqual(['ready', 'left'])
  })
})

test('people do not relay for people', async () => {
  const servers = [scene.serve(new OriginalServer())]
  const mallory = scene.original(old, servers)
  const [middle, target] = [scene.ours(bob, servers), scene.ours(alice, servers)]
  await scene.wait(0)
  mallory.connect(middle.pem)
  const connecting = middle.node.connect(target.pem)
  await scene.wait(3000)
  await connecting
  mallory.peers.get(middle.pem)?.send(relayed(old, { type: 'signal', from: pemOf(old), to: target.pem }))
  await scene.wait(0)
  expect(middle.links).toHaveLength(2)
  expect([middle.node.counters.frame, target.node.counters.frame]).toEqual([1, 0])
})
