import { createClock } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { YggdrasilError } from '../../src/error.js'
import type { PeerState, PeerStatus } from '../../src/links/types.js'
import { Standby } from '../../src/node/standby.js'

/** The links of a leaf, told what becomes of its peers. */
class FakeLinks {
  readonly dialled: string[] = []
  active: string[] = []
  retried = 0
  readonly clock = createClock(1_000_000)
  readonly standby = new Standby({
    links: this,
    clock: this.clock,
    random: (bytes) => new Uint8Array(bytes).fill(128),
    schemes: ['tcp', 'tls'],
  })

  addPeer(uri: string): void {
    this.dialled.push(uri)
    this.active.push(uri)
  }

  removePeer(uri: string): boolean {
    this.active = this.active.filter((one) => one !== uri)
    this.tell(uri, 'stopped', 'closed')
    return true
  }

  retryNow(): void {
    this.retried++
  }

  tell(uri: string, state: PeerStatus, code: 'link' | 'closed' | 'self' = 'link'): number | undefined {
    const told: PeerState = {
      uri: uri.split('?')[0] ?? uri,
      state,
      incoming: false,
      failures: 1,
      priority: 0,
      rxBytes: 0,
      txBytes: 0,
      ...(state === 'up' ? {} : { error: new YggdrasilError(code, 'told by the test') }),
      ...(state === 'waiting' ? { retryAtMs: this.clock.nowMs() + 2000 } : {}),
    }
    return this.standby.changed(told)
  }
}

const settle = () => new Promise<void>((resolve) => queueMicrotask(resolve))
const A = 'tcp://a:1'
const B = 'tcp://b:1'
const C = 'tcp://c:1'

describe('the peers of a leaf', () => {
  test('one is dialled, the others stand by', () => {
    const links = new FakeLinks()
    for (const uri of [A, B, C]) links.standby.add(uri)
    expect(links.active).toEqual([A])
    links.tell(A, 'up')
    expect(links.standby.peers().map(({ uri, state }) => [uri, state])).toEqual([
      [B, 'standby'],
      [C, 'standby'],
    ])
  })

  test('when the link fails, the next one is dialled at once; the one that failed has to wait', async () => {
    const links = new FakeLinks()
    for (const uri of [A, B]) links.standby.add(uri)
    links.tell(A, 'up')
    const retryAtMs = links.tell(A, 'waiting')
    expect(retryAtMs).toBeGreaterThan(links.clock.nowMs() + 1500)
    await settle()
    expect(links.active).toEqual([B])
    links.tell(B, 'waiting')
    await settle()
    expect(links.active).toEqual([])
    links.clock.advance(1000)
    expect(links.active).toEqual([])
    links.clock.advance(1500)
    expect(links.active).toEqual([A])
    expect(links.dialled).toEqual([A, B, A])
  })

  test('pauses grow while nobody answers', async () => {
    const links = new FakeLinks()
    for (const uri of [A, B]) links.standby.add(uri)
    const startMs = links.clock.nowMs()
    for (let count = 0; count < 12; count++) {
      const [active] = links.active
      if (active !== undefined) links.tell(active, 'waiting')
      await settle()
      links.clock.advance((links.clock.nextDueMs ?? links.clock.nowMs()) - links.clock.nowMs())
    }
    expect(links.clock.nowMs() - startMs).toBeGreaterThan(25_000)
    expect(links.dialled.length).toBeGreaterThanOrEqual(8)
  })

  test('the lower priority number comes first', async () => {
    const links = new FakeLinks()
    links.standby.add(`${A}?priority=5`)
    links.standby.add(`${B}?priority=9`)
    links.standby.add(`${C}?priority=1`)
    links.tell(A, 'waiting')
    await settle()
    expect(links.active).toEqual([`${C}?priority=1`])
    expect(links.standby.peers().map(({ uri, failures }) => [uri, failures])).toEqual([
      [A, 1],
      [B, 0],
    ])
  })

  test('alone, it is left to the links, until another one is added', () => {
    const links = new FakeLinks()
    links.standby.add(A)
    expect(links.tell(A, 'waiting')).toBe(links.clock.nowMs() + 2000)
    expect(links.active).toEqual([A])
    links.standby.add(B)
    expect(links.active).toEqual([B])
  })

  test('this node itself is never dialled again', async () => {
    const links = new FakeLinks()
    for (const uri of [A, B]) links.standby.add(uri)
    expect(links.tell(A, 'stopped', 'self')).toBeUndefined()
    await settle()
    expect(links.active).toEqual([B])
    expect(links.standby.peers()).toMatchObject([{ uri: A, state: 'stopped', error: { code: 'self' } }])
    links.tell(B, 'waiting')
    await settle()
    links.clock.advance(10_000)
    expect(links.dialled).toEqual([A, B, B])
  })

  test('removing the active one brings the next; removing others changes nothing', () => {
    const links = new FakeLinks()
    for (const uri of [A, B, C]) links.standby.add(uri)
    expect(links.standby.remove(B)).toBe(true)
    expect(links.active).toEqual([A])
    expect(links.standby.remove(A)).toBe(true)
    expect(links.active).toEqual([C])
    expect(links.standby.remove(A)).toBe(false)
  })

  test('asked to retry, it does not wait', async () => {
    const links = new FakeLinks()
    for (const uri of [A, B]) links.standby.add(uri)
    links.tell(A, 'waiting')
    await settle()
    links.tell(B, 'waiting')
    await settle()
    expect(links.active).toEqual([])
    links.standby.retryNow()
    expect(links.active).toEqual([A])
    links.standby.retryNow()
    expect(links.retried).toBe(1)
  })

  test('what cannot be added is refused', () => {
    const { standby } = new FakeLinks()
    standby.add(A)
    expect(() => standby.add(`${A}?priority=3`)).toThrowError(expect.objectContaining({ code: 'duplicate' }))
    expect(() => standby.add('ws://a:1/')).toThrowError(expect.objectContaining({ code: 'unsupported' }))
    expect(() => standby.add('nothing')).toThrowError(expect.objectContaining({ code: 'bad-uri' }))
  })

  test('closed, it dials nobody', async () => {
    const links = new FakeLinks()
    for (const uri of [A, B]) links.standby.add(uri)
    links.tell(A, 'waiting')
    links.standby.close()
    await settle()
    links.clock.advance(100_000)
    expect(links.dialled).toEqual([A])
    expect(links.clock.nextDueMs).toBeUndefined()
  })
})
