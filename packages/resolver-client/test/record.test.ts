import type { TrackerRecord } from '@mimirjs/wire/tracker'
import { describe, expect, test } from 'vitest'
import { POLICIES } from '../src/policy.js'
import { readRecords } from '../src/record.js'
import { found, identity, overlayAddress, signedRecord } from './support.js'

const ALICE = identity(1).publicKey
const NOW_MS = 1_000_000

const read = (records: readonly TrackerRecord[], publicKey = ALICE, max = 16) =>
  readRecords(records.map(found), publicKey, POLICIES.classic, max, NOW_MS)

describe('records of an answer', () => {
  test('a signed one is handed out as it is', () => {
    expect(read([signedRecord(1, 7)])).toEqual({
      addresses: [
        { address: 'tcp://[200::7]:5050', priority: 3, clientId: 7, deadlineMs: NOW_MS + 3_600_000, attested: true },
      ],
      honest: true,
    })
  })

  test('a bad signature spoils only its own record', () => {
    const forged = { ...signedRecord(4, 8), address: overlayAddress(8) }
    const altered = { ...signedRecord(1, 9), address: overlayAddress(10) }
    expect(read([forged, signedRecord(1, 7), altered]).addresses.map(({ address }) => address)).toEqual([
      'tcp://[200::7]:5050',
    ])
    expect(read([forged, altered])).toEqual({ addresses: [], honest: false })
  })

  test('the key comes from our own request: records of another user are worth nothing', () => {
    expect(read([signedRecord(4, 1)])).toEqual({ addresses: [], honest: false })
    expect(read([signedRecord(4, 1)], identity(4).publicKey).addresses).toHaveLength(1)
  })

  test('a key of small order has no records, whatever signature is shown', () => {
    const neutral = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 1 : 0))
    const signature = Uint8Array.from({ length: 64 }, (_, index) => (index === 0 ? 1 : 0))
    expect(read([{ ...signedRecord(1, 7), signature }], neutral)).toEqual({ addresses: [], honest: false })
  })

  test('no records at all is an honest answer', () => {
    expect(read([])).toEqual({ addresses: [], honest: true })
  })

  test('lifetime 0 is not live, long ones are cut to an hour, 64 bits do not overflow', () => {
    expect(read([signedRecord(1, 7, { ttlSeconds: 0n })])).toEqual({ addresses: [], honest: true })
    expect(read([signedRecord(1, 7, { ttlSeconds: 10n })]).addresses[0]?.deadlineMs).toBe(NOW_MS + 10_000)
    for (const ttlSeconds of [3601n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(read([signedRecord(1, 7, { ttlSeconds })]).addresses[0]?.deadlineMs).toBe(NOW_MS + 3_600_000)
    }
  })

  test('dial order: low priority first, unsigned, then the later deadline', () => {
    const addresses = read([
      signedRecord(1, 1, { priority: 200 }),
      signedRecord(1, 2, { priority: 3, ttlSeconds: 100n }),
      signedRecord(1, 3, { priority: 3, ttlSeconds: 200n }),
      signedRecord(1, 4, { priority: 0 }),
    ]).addresses
    expect(addresses.map(({ clientId }) => clientId)).toEqual([4, 3, 2, 1])
  })

  test('one entry per address and port: the one to be dialed first', () => {
    const replayed = Array.from({ length: 5 }, (_, index) =>
      signedRecord(1, 7, { address: overlayAddress(7), clientId: 100 + index, priority: 5 - index }),
    )
    const { addresses } = read([...replayed, signedRecord(1, 7, { port: 1 })])
    expect(addresses.map(({ address, priority }) => [address, priority])).toEqual([
      ['tcp://[200::7]:5050', 1],
      ['tcp://[200::7]:1', 3],
    ])
  })

  test('what nobody can dial is skipped', () => {
    expect(read([signedRecord(1, 7, { port: 0 }), signedRecord(1, 0, { address: new Uint8Array(16) })])).toEqual({
      addresses: [],
      honest: true,
    })
  })

  test('only so many records are looked at', () => {
    const records = Array.from({ length: 255 }, (_, index) => signedRecord(1, index % 40))
    expect(read(records, ALICE, 4).addresses).toHaveLength(4)
  })

  test('a verdict cannot be edited', () => {
    expect(Object.isFrozen(read([signedRecord(1, 7)]).addresses[0])).toBe(true)
  })
})
