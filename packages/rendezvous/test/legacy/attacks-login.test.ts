// Weaknesses 2 to 6 of rendezvous protocol A12, each as an attack that works on the original and not on ours; and the one
// that works on both, because it is in the bytes.
import { decodeLegacyFrame, LEGACY_CHALLENGE_HEAD } from '@mimirjs/wire/rendezvous'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { alice, bob, old, pemOf, vectors } from './support/accounts.js'
import { BadServer, Meddler } from './support/bad-server.js'
import { encryptedOf, OriginalServer } from './support/original-server.js'
import { Scene } from './support/scene.js'

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
    const encrypted = String.fromCharCode(...challengeText(HEX_TAIL))
    const challenge = JSON.stringify({ type: 'prove-auth', encrypted })
    const url = scene.serve(
      new Meddler(honest, (text) => (text.includes('authenticated') ? [text, challenge] : [text])),
    )
    const a = scene.ours(alice, [url])
    await scene.wait(0)
    expect(a.node.servers).toEqual([{ url, state: 'left', reason: 'challenge' }])
    expect(scene.network.sockets.size).toBe(0)
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
