import { udp } from '@mimirjs/transport/udp'
import { encodeAnnounceResponse, encodeGetAddrsResponse, type TrackerRequest } from '@mimirjs/wire/tracker'
import { afterEach, describe, expect, test } from 'vitest'
import { Resolver } from '../src/index.js'
import { identity, knowing, overlayAddress, type ScriptedTracker, scriptedTracker, signedRecord } from './support.js'

// Real sockets on loopback, and trackers that lie in every way that the bytes allow.

const KEY = identity(1).publicKey
const GOOD = signedRecord(1, 7)
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

async function tracker(
  answer: (request: TrackerRequest) => Uint8Array[] | undefined,
  host = '127.0.0.1',
): Promise<ScriptedTracker> {
  const opened = await scriptedTracker(udp(), `udp://${host}:0`, answer)
  closers.push(() => opened.close())
  return opened
}

function resolver(trackers: readonly ScriptedTracker[], options: { bind?: string } = {}): Resolver {
  const made = new Resolver({
    trackers: trackers.map(({ address }) => address),
    transport: udp(),
    signer: identity(1),
    ...options,
  })
  closers.push(() => made.close())
  return made
}

const answered = (nonce: number, ...records: Parameters<typeof knowing>) => encodeGetAddrsResponse({ nonce, records })

const LIARS: Record<string, (request: TrackerRequest) => Uint8Array[]> = {
  'wrong signature': ({ nonce }) => [answered(nonce, { ...GOOD, address: overlayAddress(66) })],
  'signed by somebody else': ({ nonce }) => [answered(nonce, signedRecord(4, 66))],
  'wrong nonce': ({ nonce }) => [answered((nonce + 1) >>> 0, GOOD)],
  'wrong command': ({ nonce }) => [encodeAnnounceResponse({ nonce, ttlSeconds: 600n })],
  'scraps of every length': ({ nonce }) =>
    Array.from({ length: 100 }, (_, length) => answered(nonce, GOOD).subarray(0, length)),
  'a count above the body': ({ nonce }) => {
    const bytes = answered(nonce, GOOD)
    bytes[5] = 255
    return [bytes]
  },
  noise: () => Array.from({ length: 50 }, (_, index) => new Uint8Array(index * 20).fill(index * 37)),
  'an expired record': ({ nonce }) => [answered(nonce, { ...GOOD, ttlSeconds: 0n })],
  'nowhere to dial': ({ nonce }) => [answered(nonce, { ...GOOD, port: 0 })],
}

describe('trackers that lie', () => {
  test.each(Object.keys(LIARS))('%s: the honest one is believed', async (name) => {
    const liar = await tracker(LIARS[name]!)
    const honest = await tracker(knowing(GOOD))
    const found = await resolver([liar, honest]).resolve(KEY)
    expect(found.map(({ address }) => address)).toEqual(['tcp://[200::7]:5050'])
  })

  test('all of them, a dead one, and an honest one', async () => {
    const liars = await Promise.all(
      Object.values(LIARS)
        .slice(0, 3)
        .map((lie) => tracker(lie)),
    )
    const dead = await tracker(() => undefined)
    await dead.close()
    const honest = await tracker(knowing(GOOD))
    expect(await resolver([...liars, dead, honest]).resolve(KEY)).toHaveLength(1)
  })

  test('an answer from another port than the one asked is not an answer', async () => {
    const stranger = await tracker(() => undefined)
    const asked = await tracker((request) => {
      // The stranger knows the nonce, the key and the port of the client: only its own address gives it away.
      const client = asked.senders[0]!
      stranger.socket.send(answered(request.nonce, signedRecord(1, 66)), stranger.socket.peer(client))
      setTimeout(() => asked.socket.send(answered(request.nonce, GOOD), asked.socket.peer(client)), 20)
      return undefined
    })
    const found = await resolver([asked], { bind: 'udp://127.0.0.1:0' }).resolve(KEY)
    expect(found.map(({ clientId }) => clientId)).toEqual([7])
  })

  test('only a malformed answer is an error that names the tracker as its cause', async () => {
    const liar = await tracker(LIARS['a count above the body']!)
    await expect(resolver([liar]).resolve(KEY)).rejects.toMatchObject({ code: 'malformed', blame: 'remote' })
  })

  test('a forged answer alone is no records', async () => {
    const liar = await tracker(LIARS['wrong signature']!)
    expect(await resolver([liar]).resolve(KEY)).toEqual([])
  })

  test('255 records of one user cost a bounded number of checks', async () => {
    const records = Array.from({ length: 255 }, (_, index) => ({ ...GOOD, clientId: index, port: index + 1 }))
    const flooding = await tracker(knowing(...records))
    expect(await resolver([flooding]).resolve(KEY)).toHaveLength(16)
  })
})

describe('both address families', () => {
  test('trackers on IPv4 and IPv6 at once', async () => {
    const silent = await tracker(() => undefined)
    const six = await tracker(knowing(GOOD), '[::1]')
    const client = resolver([silent, six])
    expect(await client.resolve(KEY)).toHaveLength(1)
    expect(silent.requests.length).toBeGreaterThan(0)
  })
})
