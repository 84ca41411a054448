// The weaknesses of rendezvous protocol A12, each as an attack that works on the original and not on ours, and the one
// that works on both because it is in the bytes.
import { decodeLegacyFrame, encodeLegacyMessage, LEGACY_CHALLENGE_HEAD } from '@mimirjs/wire/rendezvous'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_LEGACY_LIMITS } from '../../src/legacy/limits.js'
import { LegacyReceiver } from '../../src/legacy/machine/receiver.js'
import { alice, bob, keyVectors, old, pemOf, relayed, vectors } from './support/accounts.js'
import { BadServer, Meddler } from './support/bad-server.js'
import { encryptedOf, OriginalServer } from './support/original-server.js'
import { ourServer, Scene } from './support/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

const utf8 = (text: string) => new TextEncoder().encode(text)
const challengeText = (tail: string) => alice.publicKey.encrypt(utf8(LEGACY_CHALLENGE_HEAD + tail))
const HEX_TAIL = '00112233445566778899aabbccddeeff'

/** Our client for alice at one bad server, its first frame said. */
async function atBadServer(): Promise<{ server: BadServer; url: string }> {
  const server = new BadServer(() => scene.clock.nowMs())
  const url = scene.serve(server)
  await scene.wait(0)
  return { server, url }
}

describe('2 and 3: a login that decrypts for strangers', () => {
  test.each([
    ['another text', () => alice.publicKey.encrypt(utf8('hello'))],
    ['a tail that is not hex', () => challengeText('pay mallory')],
    ['no tail', () => challengeText('')],
    ['a tail that is too long', () => challengeText(`${HEX_TAIL}0`)],
    ['wrong padding', () => new Uint8Array(256).fill(3)],
    ['no number below the modulus', () => new Uint8Array(256).fill(255)],
    ['the wrong length', () => new Uint8Array(10)],
    ['nothing', () => new Uint8Array(0)],
  ])('%s: the same silence, the same end, and never again', async (_, encrypted) => {
    const { server, url } = await atBadServer()
    const a = scene.ours(alice, [url])
    await scene.wait(0)
    server.challenge(encrypted())
    const startMs = scene.clock.nowMs()
    await scene.wait(999)
    expect(server.goneAtMs).toEqual([])
    await scene.wait(3_600_000)
    expect(server.goneAtMs).toEqual([startMs + 1000])
    expect(server.got.map((frames) => frames.map((text) => decodeLegacyFrame(text).type))).toEqual([['auth']])
    expect(a.node.servers).toEqual([{ url, state: 'left', reason: 'challenge' }])
  })

  test('the original answers whatever begins right, as often as it is asked', async () => {
    const { server, url } = await atBadServer()
    const a = scene.original(alice, [url])
    await scene.wait(0)
    server.challenge(challengeText('pay mallory'))
    server.challenge(challengeText('and again'))
    await scene.wait(0)
    expect(a.answered).toEqual(['----PROOF----pay mallory', '----PROOF----and again'])
  })

  test('a second challenge after the login ends it', async () => {
    const honest = new OriginalServer()
    const challenge = JSON.stringify({ type: 'prove-auth', encrypted: 'x' })
    const url = scene.serve(
      new Meddler(honest, (text) => (text.includes('authenticated') ? [text, challenge] : [text])),
    )
    const a = scene.ours(alice, [url])
    await scene.wait(60_000)
    expect(a.node.servers).toEqual([{ url, state: 'left', reason: 'challenge' }])
  })

  test('a challenge from a person: the original answers, ours does not', async () => {
    const servers = [scene.serve(new OriginalServer())]
    const mallory = scene.original(old, servers)
    const [victim, ours] = [scene.original(alice, servers), scene.ours(bob, servers)]
    const answers: string[] = []
    const { handle } = mallory
    mallory.handle = (frame, reply) => {
      if (frame.type === 'auth-proof') answers.push(frame.type)
      handle.call(mallory, frame, reply)
    }
    await scene.wait(0)
    for (const key of [alice, bob]) {
      mallory.connect(pemOf(key))
      await scene.wait(3000)
      const encrypted = String.fromCharCode(...key.publicKey.encrypt(utf8(LEGACY_CHALLENGE_HEAD + HEX_TAIL)))
      mallory.peers.get(pemOf(key))?.send(JSON.stringify({ type: 'prove-auth', encrypted }))
      await scene.wait(0)
    }
    expect(victim.peers.get(mallory.pem)?.isReady).toBe(true)
    expect(ours.links).toHaveLength(1)
    expect(answers).toEqual(['auth-proof'])
    expect(ours.node.counters.frame).toBe(1)
  })
})

describe('4: a challenge that is passed on', () => {
  test.each(['original', 'ours'] as const)(
    'logs in elsewhere as %s: it is in the bytes, and the user is told',
    async (kind) => {
      const honest = new OriginalServer()
      const { server, url } = await atBadServer()
      scene[kind](alice, [url])
      await scene.wait(0)
      const replies: string[] = []
      const thief = honest.open({ send: (text) => void replies.push(text), close() {} })
      thief.received(JSON.stringify({ type: 'auth', public_pem: pemOf(alice) }))
      server.challenge(encryptedOf(replies[0] ?? ''))
      await scene.wait(0)
      thief.received(server.got[0]?.at(-1) ?? '')
      expect(replies.at(-1)).toBe('{"type":"authenticated"}')
    },
  )
})

describe('5 and 6: frames that log in without a key, or end the server', () => {
  interface ServerCase {
    readonly name: string
    readonly frames: readonly string[]
    readonly original: string
  }

  test.each(vectors<ServerCase[]>('sequences/rendezvous-legacy-server.json'))(
    '$name: $original there',
    ({ frames, original }) => {
      const server = new OriginalServer()
      const said: string[] = []
      const session = server.open({ send: (text) => void said.push(text), close: () => void said.push('close') })
      for (const frame of frames) session.received(frame)
      const outcome = server.hasCrashed ? 'crash' : (said.at(-1) ?? 'ignore')
      const expected = {
        authenticated: '{"type":"authenticated"}',
        challenge: expect.stringContaining('prove-auth') as string,
      }
      expect(outcome).toEqual(expected[original as 'challenge'] ?? original)
    },
  )
})

describe('7 to 9: what is repeated, altered, or for another', () => {
  interface Sequence {
    readonly name: string
    readonly receiver: string
    readonly steps: readonly Record<'text' | 'signature' | 'original' | 'ours', string>[]
  }

  const fromHexText = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

  test.each(vectors<Sequence[]>('sequences/rendezvous-legacy-receive.json'))('$name', async ({ receiver, steps }) => {
    const key = [alice, bob, old][keyVectors.findIndex(({ name }) => name === receiver)] ?? alice
    const ours = new LegacyReceiver(pemOf(key), DEFAULT_LEGACY_LIMITS)
    const original = scene.original(key, [])
    for (const step of steps) {
      const signature = fromHexText(step.signature)
      const verdict = ours.judge({ type: 'relayed-msg', text: step.text, signature }, 0)
      expect(typeof verdict === 'string' ? 'drop' : 'accept').toBe(step.ours)
      const before = original.processed.length
      const frame = `{"type":"relayed-msg","msg":${step.text},"signature":${JSON.stringify(String.fromCharCode(...signature))}}`
      original.handle(JSON.parse(frame) as never, () => {})
      expect(original.processed.length > before ? 'accept' : 'drop').toBe(step.original)
    }
    await scene.wait(0)
  })

  /** Breaks every signature. */
  const breaking = (text: string) => [text.replace(/("signature":")(.)/, '$1x')]

  test('one bad server beside an honest one: two originals are cut off, two of ours are not', async () => {
    const servers = [scene.serve(new Meddler(new OriginalServer(), breaking)), scene.serve(new OriginalServer())]
    const [a, b] = [scene.original(alice, servers), scene.original(bob, servers)]
    await scene.wait(0)
    a.connect(b.pem)
    await scene.wait(40_000)
    expect(b.processed).toEqual([])
    a.close()
    b.close()
    const [c, d] = [scene.ours(alice, servers), scene.ours(bob, servers)]
    await scene.wait(0)
    const connecting = c.node.connect(d.pem)
    await scene.wait(1000)
    await connecting
    expect(d.node.counters).toMatchObject({ signature: 1, accepted: 1 })
  })

  test('an old offer that is repeated resets an original, and disturbs nothing of ours', async () => {
    const recorded: string[] = []
    const servers = [
      scene.serve(
        new Meddler(new OriginalServer(), (text) => {
          if (text.includes('"offer"')) recorded.push(text)
          return [text]
        }),
      ),
    ]
    const b = scene.ours(bob, servers)
    const first = scene.ours(alice, servers)
    await scene.wait(0)
    const connecting = b.node.connect(first.pem)
    await scene.wait(1000)
    await connecting
    await first.node.close()
    await b.node.close()
    // Both are back, without a memory of it; the bad server has kept the offer.
    const evil = new BadServer()
    const replaying = [scene.serve(evil)]
    const original = scene.original(alice, replaying)
    await scene.wait(0)
    original.handle(JSON.parse(recorded[0] ?? '') as never, () => {})
    await scene.wait(1000)
    expect(original.peers.get(b.pem)?.connections).toBe(2)
    original.close()

    const again = scene.ours(alice, servers)
    const other = scene.ours(bob, servers)
    await scene.wait(0)
    const meeting = again.node.connect(other.pem)
    const [socket] = [...scene.network.sockets].slice(-2)
    socket?.onmessage?.({ data: recorded[0] })
    await scene.wait(1000)
    await meeting
    expect(again.node.counters.accepted).toBe(2)
    expect(again.links).toHaveLength(1)
  })

  test('a description that a server changed is never applied', async () => {
    const swapping = (text: string) => [text.replace('0:00:00', '0:00:01')]
    const servers = [scene.serve(new Meddler(new OriginalServer(), swapping))]
    const [a, b] = [scene.ours(alice, servers), scene.ours(bob, servers)]
    await scene.wait(0)
    const connecting = a.node.connect(b.pem)
    await scene.wait(20_000)
    expect(b.node.counters.signature).toBeGreaterThan(0)
    expect(b.node.counters.accepted).toBe(0)
    expect(scene.network.rtc.open).toBeLessThanOrEqual(1)
    await a.node.close()
    await expect(connecting).rejects.toMatchObject({ code: 'closed' })
  })
})

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
