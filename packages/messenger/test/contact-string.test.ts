// Somebody written as a contact string of rendezvous is the same person as under any other spelling.
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { formatRendezvousContact } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import { toPeerOrGroup, toPerson } from '../src/identity.js'

const { publicKey } = createSigner(generateSeed())
const servers = ['wss://meet.example', 'wss://other.example:8443/path']

describe('a contact string', () => {
  test.each([
    ['with servers', formatRendezvousContact({ publicKey, servers })],
    ['without', formatRendezvousContact({ publicKey, servers: [] })],
    ['with parameters of later versions', `${formatRendezvousContact({ publicKey, servers })}&n=Ben`],
    ['with space around', `  ${formatRendezvousContact({ publicKey, servers })}\n`],
  ])('%s', (_, text) => {
    expect(toPerson(text)).toEqual({ peer: toHex(publicKey), name: '' })
    expect(toPeerOrGroup(text)).toBe(toHex(publicKey))
  })

  test.each([
    'rdv1:',
    'rdv1:AAAA',
    `rdv1:${'A'.repeat(43)}`,
    `${formatRendezvousContact({ publicKey, servers: [] })}?s=http%3A%2F%2Fmeet.example`,
  ])('%s is none', (text) => {
    expect(() => toPerson(text)).toThrow(expect.objectContaining({ code: 'bad-key' }) as Error)
  })
})
