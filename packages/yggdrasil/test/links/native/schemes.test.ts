import path from 'node:path'
import { steadyClock } from '@mimirjs/transport'
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../../../src/limits.js'
import { nativeDrivers } from '../../../src/links/native/index.js'
import { parsePeerUri } from '../../../src/links/uri.js'
import { greetingOf } from '../memory.js'
import { trafficFrame } from '../support.js'
import { bothUp, carries, nativeNode, temporaryFolder } from './support.js'

const SCHEMES = ['tcp', 'tls', 'ws', 'unix'] as const

function listenUri(scheme: (typeof SCHEMES)[number]): string {
  return scheme === 'unix' ? `unix://${path.join(temporaryFolder(), 'ygg.sock')}` : `${scheme}://127.0.0.1:0`
}

describe.each(SCHEMES)('%s', (scheme) => {
  it('carries frames of all sizes in both directions', async () => {
    const a = nativeNode()
    const b = nativeNode()
    const uri = await a.links.listen(`${listenUri(scheme)}?password=secret`)
    b.links.addPeer(`${uri}?password=secret&priority=9`)
    await bothUp(a, b)
    expect(b.history()).toBe('connecting handshaking unproven up')
    expect(a.up()[0]).toMatchObject({ publicKey: b.signer.publicKey, priority: 9, uri })
    await carries(a, b, 150, 1)
    await carries(b, a, 150, 2)
    await Promise.all([carries(a, b, 100, 3), carries(b, a, 100, 4)])
    expect([...a.downs(), ...b.downs()]).toEqual([])
  })

  it('refuses a wrong password on both sides', async () => {
    const a = nativeNode()
    const b = nativeNode()
    b.links.addPeer(`${await a.links.listen(`${listenUri(scheme)}?password=secret`)}?password=other`)
    await expect.poll(() => b.links.peers()[0]?.state).toBe('waiting')
    // Whoever is first to see it hangs up.
    expect(['wrong-password', 'handshake', 'link']).toContain(b.links.peers()[0]?.error?.code)
    expect([...a.told, ...b.told]).toEqual([])
  })

  it('refuses another key than the pinned one', async () => {
    const a = nativeNode()
    const b = nativeNode()
    const uri = await a.links.listen(listenUri(scheme))
    b.links.addPeer(`${uri}?key=${'07'.repeat(32)}`)
    await expect.poll(() => b.links.peers()[0]?.error?.code).toBe('pinned-key')
    expect(b.told).toEqual([])
  })

  it('keeps what comes before there is a reader', async () => {
    const a = nativeNode({ seed: 1 })
    const uri = parsePeerUri(await a.links.listen(listenUri(scheme)), 'dial')
    const driver = nativeDrivers({ seed: new Uint8Array(32), clock: steadyClock, limits: DEFAULT_LIMITS }).find(
      ({ schemes }) => schemes.includes(scheme),
    )
    const raw = await driver!.dial(uri, new AbortController().signal, 5000)
    // The listener greets at once: by the time that it answers somebody else, its greeting is here.
    const other = nativeNode()
    other.links.addPeer(uri.id)
    await expect.poll(() => other.up().length).toBe(1)
    const received: number[] = []
    let isClosed = false
    raw.start({ data: (chunk) => received.push(...chunk), drain: () => {}, closed: () => (isClosed = true) })
    await expect.poll(() => received).toEqual([...greetingOf(1)])
    raw.close()
    await expect.poll(() => isClosed).toBe(true)
  })

  it('comes back after the listener was away', async () => {
    const first = nativeNode({ seed: 1 })
    const b = nativeNode()
    const uri = await first.links.listen(listenUri(scheme))
    b.links.addPeer(uri)
    await bothUp(first, b)
    await first.links.close()
    await expect.poll(() => b.links.peers()[0]?.state).toBe('waiting')
    b.links.retryNow()
    await expect.poll(() => b.links.peers()[0]).toMatchObject({ state: 'waiting', failures: 2 })
    expect(['refused', 'unreachable']).toContain(b.links.peers()[0]?.error?.code)
    const second = nativeNode({ seed: 1 })
    await second.links.listen(uri)
    b.links.retryNow(uri)
    await bothUp(second, b)
    expect(b.links.peers()[0]).toMatchObject({ state: 'up', failures: 0 })
  })

  it('asks to wait when the other side does not read, and goes on when it does', async () => {
    const a = nativeNode()
    let isSlow = true
    const b = nativeNode({ onFrame: (_link, _type, body) => void (isSlow && body[0] === 1 && blockFor(30)) })
    const uri = await a.links.listen(listenUri(scheme))
    b.links.addPeer(uri)
    await bothUp(a, b)
    const [link] = a.up()
    const frame = trafficFrame(new Uint8Array(100_000).fill(1))
    let count = 1
    while (link?.write(frame) === true && count < 500) count++
    expect(count).toBeLessThan(500)
    isSlow = false
    await expect.poll(() => a.told.some(({ what }) => what === 'drained'), { timeout: 5000 }).toBe(true)
    await expect.poll(() => b.frames().length, { timeout: 5000 }).toBe(count)
  })
})

function blockFor(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}
