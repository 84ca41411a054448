// How long pim-legacy waits, and for what.
import { encodeLegacyMessage } from '@mimirjs/wire/rendezvous'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DEFAULT_LEGACY_LIMITS } from '../../src/legacy/limits.js'
import { personOf } from '../../src/legacy/machine/people.js'
import { Prompts } from '../../src/legacy/machine/prompts.js'
import { LegacyReceiver } from '../../src/legacy/machine/receiver.js'
import { alice, bob, pemOf } from './support/accounts.js'
import { OriginalServer } from './support/original-server.js'
import type { RtcWorld } from './support/rtc.js'
import { type Ours, Scene } from './support/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** An offer of bob to alice, that passes all checks. */
const SIGNAL = {
  description: {
    type: 'offer',
    sdp: [
      'v=0',
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
      `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
      'a=setup:actpass',
      '',
    ].join('\r\n'),
  },
  candidates: [],
} as const

/** Two who know each other, at one server. */
async function pair(): Promise<{ a: Ours; b: Ours }> {
  const servers = [scene.serve(new OriginalServer())]
  const [a, b] = [scene.ours(alice, servers), scene.ours(bob, servers)]
  await scene.wait(0)
  return { a, b }
}

/** What WebRTC is made of from now on. */
function eachPeer(change: (peer: ReturnType<RtcWorld['create']>) => void): void {
  const create = scene.network.createPeerConnection.bind(scene.network)
  scene.network.createPeerConnection = async () => {
    const peer = await create()
    change(peer)
    return peer
  }
}

test.each([0, 128, 255])('the pause before the next offer doubles from 2 s to 256 s, by chance %i', async (chance) => {
  const offersMs: number[] = []
  eachPeer(() => offersMs.push(scene.clock.nowMs()))
  const servers = [scene.serve(new OriginalServer())]
  const a = scene.ours(alice, servers, { randomBytes: (sizeBytes) => new Uint8Array(sizeBytes).fill(chance, 0, 1) })
  await scene.wait(0)
  const connecting = a.node.connect(pemOf(bob))
  await scene.until(() => offersMs.length === 11, 2_000_000)
  // Each one has 30 s to be answered, and took a moment to be made.
  const pauses = offersMs.slice(1).map((atMs, index) => atMs - (offersMs[index] ?? 0) - 30_100)
  expect(pauses.map((pauseMs) => pauseMs / (0.5 + chance / 256) / 1000)).toEqual([
    2, 4, 8, 16, 32, 64, 128, 256, 256, 256,
  ])
  await a.node.close()
  await expect(connecting).rejects.toMatchObject({ code: 'closed' })
})

test('a message counts once in an hour', () => {
  const receiver = new LegacyReceiver(pemOf(alice), DEFAULT_LEGACY_LIMITS)
  const text = encodeLegacyMessage({ type: 'signal', from: pemOf(bob), to: pemOf(alice), ...SIGNAL })
  const signature = bob.signSha1(new TextEncoder().encode(text))
  const judged = [0, 3_599_999, 3_600_000].map((nowMs) =>
    receiver.judge({ type: 'relayed-msg', text, signature }, nowMs),
  )
  expect(judged).toEqual([expect.any(Object), 'repeat', expect.any(Object)])
})

test('from one question about somebody to the next it takes 30 s, whatever became of the first', () => {
  const prompts = new Prompts(DEFAULT_LEGACY_LIMITS)
  const person = personOf(bob.publicKey)
  const ask = (nowMs: number): boolean => {
    const isAsked = prompts.ask(person, SIGNAL, nowMs) !== undefined
    prompts.take(person.pem)
    return isAsked
  }
  expect([0, 1, 29_999, 30_000, 59_999, 60_000].map(ask)).toEqual([true, false, false, true, false, true])
})

test('candidates that are still to come hold up a description for 3 s', async () => {
  const { a, b } = await pair()
  eachPeer((peer) => Object.defineProperty(peer, 'onicecandidate', { get: () => null, set() {} }))
  const connecting = a.node.connect(b.pem)
  await scene.wait(2999)
  expect(b.node.counters.accepted).toBe(0)
  await scene.wait(1)
  expect(b.node.counters.accepted).toBe(1)
  await a.node.close()
  await expect(connecting).rejects.toMatchObject({ code: 'closed' })
})

test.each([
  ['is lost unless it comes back', 'disconnected', 'lost'],
  ['stays when it has come back', 'connected', undefined],
])('a link that has had no path for 5 s %s', async (_, state, closeReason) => {
  const { a, b } = await pair()
  const connecting = a.node.connect(b.pem)
  await scene.wait(1000)
  const link = await connecting
  const [peer] = scene.network.rtc.peers.values()
  const enter = (next: string): void => {
    Object.assign(peer ?? {}, { connectionState: next })
    peer?.onconnectionstatechange?.()
  }
  enter('disconnected')
  await scene.wait(4999)
  enter(state)
  expect(link.closeReason).toBeUndefined()
  await scene.wait(1)
  expect(link.closeReason).toBe(closeReason)
})
