import { describe, expect, test } from 'vitest'
import { type PimAccount, readPimAccount, writePimAccount } from '../../src/legacy/index.js'
import { alice, bob, old, pemOf, vectors } from './support/accounts.js'

const [{ value }] = vectors<[{ value: string }]>('sequences/rendezvous-legacy-account.json')

test('what a page kept is read, and written again byte for byte', () => {
  const account = readPimAccount(value)
  expect(account.key.exportPem()).toBe(alice.exportPem())
  const { key: _, ...rest } = account
  expect(rest).toEqual({
    name: 'alice',
    peers: [
      { pem: pemOf(bob), name: 'bob', history: [{ text: 'hi from bob', isIncoming: true, timeMs: 1_700_000_000_000 }] },
    ],
  })
  expect(writePimAccount(account)).toBe(value)
})

test('an account of 1024 bits can be taken over, and has to be shown as weak', () => {
  const account: PimAccount = { key: old, name: undefined, peers: [] }
  expect(readPimAccount(writePimAccount(account)).key.publicKey.bits).toBe(1024)
})

describe('the first versions', () => {
  test('had profiles and no history', () => {
    const peers = { [pemOf(bob)]: { name: 'bob' } }
    const text = JSON.stringify({ peers, private_pem: alice.exportPem() })
    expect(readPimAccount(text).peers).toEqual([{ pem: pemOf(bob), name: 'bob', history: [] }])
  })
})

test('what is none of people and messages is left out', () => {
  const good = { text: 'x', incoming: false, time: 7 }
  const text = JSON.stringify({
    shared: 7,
    peers: {
      nobody: { shared: {} },
      [pemOf(bob)]: { shared: null, history: [null, 7, {}, { ...good, text: 1 }, { ...good, time: 1.5 }, good] },
      [pemOf(old)]: 7,
    },
    private_pem: alice.exportPem(),
  })
  expect(readPimAccount(text)).toMatchObject({
    name: undefined,
    peers: [{ pem: pemOf(bob), history: [{ text: 'x', isIncoming: false, timeMs: 7 }] }],
  })
})

test.each([
  ['nothing', ''],
  ['no JSON', '{'],
  ['a list', '[]'],
  ['no key', '{"peers":{}}'],
  ['a key that is none', '{"private_pem":"x"}'],
  ['keys of two people', JSON.stringify({ public_pem: pemOf(bob), private_pem: alice.exportPem() })],
  ['a public key that is none', JSON.stringify({ public_pem: 'x', private_pem: alice.exportPem() })],
])('%s: refused', (_, text) => {
  expect(() => readPimAccount(text)).toThrow(expect.objectContaining({ name: 'RendezvousError', code: 'bad-state' }))
})

test('cut off anywhere it is none', () => {
  for (let length = 0; length < value.length; length += 7)
    expect(() => readPimAccount(value.slice(0, length))).toThrow(expect.objectContaining({ code: 'bad-state' }))
})
