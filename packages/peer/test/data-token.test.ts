import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '@mimirjs/wire'
import { decodeFrame } from '@mimirjs/wire/peer'
import { expect, test } from 'vitest'
import { dataToken } from '../src/data/data-token.js'
import { alice, bob } from './support/keys.js'
import { c1, c2, handshakeFrames, machineIn } from './support/vectors.js'

/** Of the recorded handshake `handshake-minimal`. */
const TOKEN = '339b9fba845e0303f51b874a73a9dd7154596436f5765b26a9c8c1c2d2b3ded6'

test('the token of the recorded handshake, as both sides and the page have it', async () => {
  const signature = (at: number): Uint8Array => {
    const frame = decodeFrame(fromHex(handshakeFrames[at]!.hex))
    if (!('signature' in frame)) throw new Error(`frame ${at} is no answer`)
    return frame.signature
  }
  const [s1, s2] = [signature(2), signature(5)]
  const hash = createHash('sha256').update('mimir-peer-data-1\0')
  for (const part of [alice.publicKey, bob.publicKey, c1, s1, c2, s2]) hash.update(part)
  expect(hash.digest('hex')).toBe(TOKEN)
  const words = { challenge: c1, challengeAnswer: s1, challenge2: c2, challengeAnswer2: s2 }
  expect(toHex(dataToken(alice.publicKey, bob.publicKey, words))).toBe(TOKEN)
  for (const role of ['initiator', 'acceptor'] as const) {
    expect(toHex((await machineIn(role, 'ready', { generation: 'current' })).token!)).toBe(TOKEN)
  }
  const page = readFileSync(new URL('../../../docs/protocol/current.md', import.meta.url), 'utf8')
  expect(page).toContain(TOKEN)
})
