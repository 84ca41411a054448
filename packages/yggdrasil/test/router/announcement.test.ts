import { createSigner, verify } from '@mimirjs/crypto'
import { describe, expect, test } from 'vitest'
import { Announcement, checkAnnounce } from '../../src/router/announcement.js'
import { type Announce, decodeAnnounce, encodeAnnounce } from '../../src/wire/announce.js'
import { codeOf, concat } from '../wire/support/bytes.js'
import { realIdentity } from './support/identity.js'
import { childOf, rootOf } from './support/puppet.js'

const a = realIdentity(new Uint8Array(32).fill(1))
const b = realIdentity(new Uint8Array(32).fill(2))
const c = createSigner(new Uint8Array(32).fill(3))

function codeFor(announce: Announce): string | undefined {
  return codeOf(() => checkAnnounce(announce, verify))
}

describe('both signatures have to be right', () => {
  const child = childOf(a, b, 3n, 5n)

  test('of a child and of a root', () => {
    expect(codeFor(child)).toBeUndefined()
    expect(codeFor(rootOf(a, 5n))).toBeUndefined()
  })

  test('no number and no key can be changed', () => {
    for (const change of [
      { seq: 6n },
      { nonce: 2n },
      { port: 4n },
      { parent: c.publicKey },
      { key: c.publicKey },
      { sig: child.psig },
      { psig: child.sig },
    ]) {
      expect(codeFor({ ...child, ...change }), Object.keys(change)[0]).toBe('bad-signature')
    }
  })

  test('a root signs both', () => {
    expect(codeFor({ ...rootOf(a, 5n), psig: child.psig })).toBe('bad-signature')
  })
})

test('numbers that came in a longer form are checked, compared and passed on in the shortest', () => {
  const announce = childOf(a, b, 3n, 5n, 9n)
  const minimal = encodeAnnounce(announce)
  // 64 bytes of keys, then seq 5, nonce 9 and port 3, each stretched by one byte.
  const stretched = concat(minimal.subarray(0, 64), Uint8Array.of(0x85, 0, 0x89, 0, 0x83, 0), minimal.subarray(67))
  expect(decodeAnnounce(stretched)).toEqual(announce)
  expect(codeFor(decodeAnnounce(stretched))).toBeUndefined()
  expect(new Announcement(decodeAnnounce(stretched)).isBody(minimal)).toBe(true)
  expect(new Announcement(announce).isBody(stretched)).toBe(false)
})

test('records differ in any byte', () => {
  const record = new Announcement(childOf(a, b, 3n, 5n))
  const body = encodeAnnounce(childOf(a, b, 3n, 5n))
  expect(record.isBody(body)).toBe(true)
  for (let at = 0; at < body.length; at++) {
    const changed = body.slice()
    changed[at]! ^= 1
    expect(record.isBody(changed), `byte ${at}`).toBe(false)
  }
  expect(record.isBody(body.subarray(1))).toBe(false)
  expect(record.isBody(concat(body, Uint8Array.of(0)))).toBe(false)
  expect(record.isBody(new Uint8Array(0))).toBe(false)
  expect(record.key).toEqual(a.publicKey)
})
