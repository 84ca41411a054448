import { generateSeed, publicKeyFromSeed } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { formatContactLink } from '@mimirjs/wire/link'
import { formatRendezvousContact } from '@mimirjs/wire/rendezvous'
import { expect, test } from 'vitest'
import { parseKey, parsePerson } from '../src/person.js'

const publicKey = publicKeyFromSeed(generateSeed())
const hex = toHex(publicKey)

test('a key, in any case and with spaces around', () => {
  expect(parsePerson(hex)).toEqual({ publicKey })
  expect(parsePerson(` ${hex.toUpperCase()}\n`)).toEqual({ publicKey })
  expect(parseKey(hex)).toEqual(publicKey)
})

test('a contact link', () => {
  expect(parsePerson(formatContactLink({ publicKey, name: 'Alice B' }))).toEqual({ publicKey })
})

test('a contact string of rendezvous, whatever servers it names', () => {
  for (const servers of [[], ['wss://meet.example/path']])
    expect(parsePerson(formatRendezvousContact({ publicKey, servers }))).toEqual({ publicKey })
})

test('anything else that could be one is a name', () => {
  expect(parsePerson('alice')).toEqual({ contactName: 'alice' })
  expect(parsePerson('Иван')).toEqual({ contactName: 'Иван' })
  expect(() => parseKey('alice')).toThrow(expect.objectContaining({ code: 'bad-key', exitCode: 2 }))
})

test.each([
  ['', 'empty'],
  [hex.slice(1), 'one digit short'],
  [`${hex}0`, 'one digit long'],
  ['02'.padEnd(64, '0'), 'no point of the curve'],
  [`mimir://mm/u/${hex.slice(2)}/x`, 'a link with a short key'],
  [`https://example.com/u/${hex}/x`, 'a link of another host'],
  ['ftp://x/y', 'another scheme'],
  ['/etc/passwd', 'a path'],
  ['rdv1:abc', 'a contact string with a short key'],
])('%s is refused: %s', (text) => {
  expect(() => parsePerson(text)).toThrow(expect.objectContaining({ name: 'CliError', code: 'bad-key', exitCode: 2 }))
})
