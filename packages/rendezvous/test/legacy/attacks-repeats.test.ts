import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_LEGACY_LIMITS } from '../../src/legacy/limits.js'
import { LegacyReceiver } from '../../src/legacy/machine/receiver.js'
import { alice, bob, keyVectors, old, pemOf, vectors } from './support/accounts.js'
import { BadServer, Meddler } from './support/bad-server.js'
import { OriginalServer } from './support/original-server.js'
import { Scene } from './support/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

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
