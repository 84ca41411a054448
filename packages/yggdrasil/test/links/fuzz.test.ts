import { createRandom } from '@mimirjs/transport/testing'
import { describe, expect, it } from 'vitest'
import { YggdrasilError } from '../../src/error.js'
import { parsePeerUri } from '../../src/links/uri.js'
import { closeAll, greetingOf, MemoryWorld } from './memory.js'
import { trafficFrame } from './support.js'

const PIECES = [
  'tcp',
  'tls',
  'ws',
  'wss',
  'unix',
  'quic',
  '://',
  ':',
  '/',
  '?',
  '&',
  '=',
  '#',
  '@',
  '%',
  '%00',
  '%zz',
  '[',
  ']',
  '::1',
  '127.0.0.1',
  'example.org',
  '443',
  '0',
  '65536',
  'key',
  'password',
  'priority',
  'maxbackoff',
  'sni',
  'origin',
  '*',
  '5s',
  '1h',
  'ab'.repeat(32),
  '\0',
  'ä',
  '\ud800',
  ' ',
  '+',
  '.',
  '-',
] as const

describe('any text', () => {
  it('is a peer URI, or a YggdrasilError', () => {
    const random = createRandom(11)
    let read = 0
    for (let round = 0; round < 20_000; round++) {
      const start = random.next() < 0.7 ? `${PIECES[Math.floor(random.next() * 4)]}://example.org:1?` : ''
      const length = Math.floor(random.next() * 12)
      const text = start + Array.from({ length }, () => PIECES[Math.floor(random.next() * PIECES.length)]).join('')
      try {
        const use = random.next() < 0.5 ? 'dial' : 'listen'
        const uri = parsePeerUri(text, use)
        read++
        expect(uri.keys.every((key) => key.length === 32)).toBe(true)
        expect(uri.password.length).toBeLessThanOrEqual(64)
        expect(uri.maxBackoffMs).toBeGreaterThanOrEqual(5000)
        // What makes two peers the same is a URI itself, and the same one.
        expect(parsePeerUri(uri.id, use).id).toBe(uri.id)
      } catch (error) {
        if (!(error instanceof YggdrasilError)) throw error
        expect(['bad-uri', 'unsupported']).toContain(error.code)
      }
    }
    expect(read).toBeGreaterThan(500)
  })
})

describe('any bytes over a link', () => {
  it('end it with a YggdrasilError, or are frames; nothing is left behind', async () => {
    const random = createRandom(12)
    const world = new MemoryWorld()
    const node = world.node('a')
    await node.links.listen('memory://a')
    for (let round = 0; round < 300; round++) {
      const stream = [...greetingOf(9), ...trafficFrame(new Uint8Array(40)), ...trafficFrame(new Uint8Array(300))]
      for (let change = 0; change < random.next() * 3; change++) {
        const at = Math.floor(random.next() * stream.length)
        if (random.next() < 0.3) stream.splice(at, 1 + Math.floor(random.next() * 20))
        else stream[at] = Math.floor(random.next() * 256)
      }
      const stranger = await world.stranger('a', new Uint8Array(0))
      for (let at = 0; at < stream.length; ) {
        const length = 1 + Math.floor(random.next() * 200)
        stranger.raw.write(Uint8Array.from(stream.slice(at, at + length)))
        at += length
        if (random.next() < 0.3) await world.advance(10)
      }
      await world.advance(20)
      stranger.raw.close()
      await world.advance(20)
      expect(node.up()).toEqual([])
    }
    const ups = node.told.filter(({ what }) => what === 'up').length
    expect(ups).toBeGreaterThan(50)
    expect(node.downs().length).toBe(ups)
    expect(node.downs().some(({ reason }) => reason !== undefined)).toBe(true)
    await closeAll(world, node)
    expect(world.clock.nextDueMs).toBeUndefined()
  })
})
