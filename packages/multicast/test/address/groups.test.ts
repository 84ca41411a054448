import { parseIp } from '@mimirjs/transport'
import { fromHex, toHex } from '@mimirjs/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatGroup,
  generateIpv4Group,
  generateIpv6Group,
  generatePrefixGroup,
  isAcceptableGroup,
  isAcceptablePort,
  isIpv4Group,
  mapIpv4,
  parseGroup,
  type RandomBytes,
} from '../../src/address/index.js'
import { codeOf, failureOf, vectors } from './support.js'

interface GroupVector {
  readonly name: string
  readonly kind: 'ipv6' | 'prefix' | 'ipv4'
  readonly by: 'original' | 'ours' | 'both'
  readonly cidr?: string
  readonly random?: string
  readonly group: string | null
  readonly text?: string
}

interface AcceptableVector {
  readonly name: string
  readonly group: string
  readonly port: number
  readonly extraScopes: boolean
  readonly isAcceptable: boolean
}

const SEED = 0x6d70_3270
const made = vectors<GroupVector>('crypto/multicast-groups.json')

/** Hands out the bytes of a text of hex digits, each once. */
function source(hex: string): RandomBytes {
  let at = 0
  return (sizeBytes) => {
    const bytes = fromHex(hex).subarray(at, at + sizeBytes)
    if (bytes.length < sizeBytes) throw new Error(`${hex} has not ${sizeBytes} bytes more`)
    at += sizeBytes
    return bytes
  }
}

function generate({ kind, cidr = '', random = '' }: GroupVector): Uint8Array | undefined {
  const randomBytes = source(random)
  if (kind === 'ipv6') return generateIpv6Group(randomBytes)
  return kind === 'ipv4' ? generateIpv4Group(randomBytes) : generatePrefixGroup(cidr, randomBytes)
}

describe('groups that are made', () => {
  test.each(made.filter(({ by }) => by !== 'original'))('$name', (vector) => {
    const group = generate(vector)
    expect(group === undefined ? null : toHex(group)).toBe(vector.group)
  })

  test.each(made.filter(({ group }) => group !== null))('$name, by whomever, is accepted and has a text', (vector) => {
    const group = fromHex(vector.group as string)
    expect(isAcceptableGroup(group)).toBe(true)
    expect(isIpv4Group(group)).toBe(vector.kind === 'ipv4')
    expect(formatGroup(group)).toBe(vector.text)
    expect(toHex(parseGroup(vector.text as string))).toBe(vector.group)
  })

  test('all IPv4 groups of our making are of the range, and each third octet is as likely as another', () => {
    const counts = new Map<number, number>()
    for (let first = 0; first < 256; first++) {
      const drawn: Uint8Array[] = []
      const group = generateIpv4Group((sizeBytes) => {
        const bytes = new Uint8Array(sizeBytes).fill(drawn.length === 0 ? first : 7)
        drawn.push(bytes)
        return bytes
      })
      expect([...group.subarray(12, 14)]).toEqual([224, 0])
      if (drawn.length === 2) counts.set(group[14] as number, (counts.get(group[14] as number) ?? 0) + 1)
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 26 }, (_, at) => 224 + at))
    expect(new Set(counts.values())).toEqual(new Set([9]))
  })

  test('any network gives a group that is accepted, with nothing of the host in it', () => {
    const words = fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(words, fc.integer({ min: 3, max: 128 }), (groups, length) => {
        const address = [0x2000 | ((groups[0] as number) >> 4), ...groups.slice(1)]
          .map((word) => word.toString(16))
          .join(':')
        const group = generatePrefixGroup(`${address}/${length}`, source('00000000')) as Uint8Array
        expect(isAcceptableGroup(group)).toBe(true)
        expect(group[3]).toBe(Math.min(length, 64))
        const bits = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
        const kept = Math.min(length, 64)
        const prefix = bits(parseIp(address) as Uint8Array).slice(0, kept)
        expect(bits(group.subarray(4, 12))).toBe(prefix.padEnd(64, '0'))
        expect(toHex(group.subarray(12))).toBe('80000000')
      }),
      { seed: SEED, numRuns: 100 },
    )
  })

  test.each([
    '',
    '/',
    '2001:db8::1',
    '2001:db8::1/',
    '2001:db8::1/129',
    '2001:db8::1/-1',
    '2001:db8::1%eth0/64',
    'x/64',
    '/64',
  ])('nothing is made of %j', (cidr) => {
    expect(generatePrefixGroup(cidr, source('00000000'))).toBeUndefined()
  })

  test('the random bytes are left as they are', () => {
    const bytes = new Uint8Array(16).fill(9)
    generateIpv6Group(() => bytes)
    expect(bytes).toEqual(new Uint8Array(16).fill(9))
  })
})

describe('what is accepted', () => {
  test.each(vectors<AcceptableVector>('crypto/multicast-acceptable.json'))('$name', (vector) => {
    const group = fromHex(vector.group)
    const accepted = isAcceptableGroup(group, { extraScopes: vector.extraScopes }) && isAcceptablePort(vector.port)
    expect(accepted).toBe(vector.isAcceptable)
  })

  test('no group of another length, no port that is none', () => {
    for (const size of [0, 4, 15, 17, 32]) expect(isAcceptableGroup(new Uint8Array(size).fill(0xff))).toBe(false)
    expect(isAcceptableGroup(fromHex('ff1e'))).toBe(false)
    expect(isIpv4Group(new Uint8Array(12).fill(0xff, 10))).toBe(false)
    for (const port of [0, 1023, 65_536, -1, 1024.5, Number.NaN]) expect(isAcceptablePort(port)).toBe(false)
    expect(isAcceptablePort(1024)).toBe(true)
  })

  test('IPv4 is recognised by all twelve bytes in front of it', () => {
    const group = mapIpv4(Uint8Array.of(224, 0, 224, 1))
    expect(isIpv4Group(group)).toBe(true)
    for (let at = 0; at < 12; at++) {
      const other = group.slice()
      other[at] = (other[at] as number) ^ 1
      expect(isIpv4Group(other)).toBe(false)
      expect(isAcceptableGroup(other)).toBe(false)
    }
  })
})

describe('texts', () => {
  test.each([
    ['192.0.2.1', /the address of one host/],
    ['2001:db8::1', /the address of one host/],
    ['224.0.0.251', /a group that this protocol uses: ff1e:…, ff3e:…, or 224\.x\.y\.z/],
    ['ff02::1', /a group that this protocol uses/],
    ['ff15::1', /`extraScopes` allows this one/],
    ['239.1.2.3', /`extraScopes` allows this one/],
    ['ff1e::1%eth0', /without a zone; name the network interface/],
    ['[ff1e::1]', /expected a multicast group/],
    ['ff1e::1::2', /expected a multicast group/],
    ['224.0.245', /expected a multicast group/],
    ['', /expected a multicast group/],
    ['f'.repeat(10_000), /expected a multicast group/],
  ])('%s is refused, and why', (text, why) => {
    expect(failureOf(() => parseGroup(text))).toMatch(/^bad-address: /)
    expect(failureOf(() => parseGroup(text))).toMatch(why)
    expect((failureOf(() => parseGroup(text)) as string).length).toBeLessThan(300)
  })

  test('the other scopes, for who asks for them', () => {
    expect(toHex(parseGroup('ff12::6d70:3270', { extraScopes: true }))).toBe('ff12000000000000000000006d703270')
    expect(formatGroup(parseGroup('239.255.109.50', { extraScopes: true }))).toBe('239.255.109.50')
    expect(failureOf(() => parseGroup('ff02::1', { extraScopes: true }))).not.toMatch(/extraScopes/)
  })

  test('IPv4 in any of its forms is one group', () => {
    expect(toHex(parseGroup('224.0.245.100'))).toBe('00000000000000000000ffffe000f564')
    expect(parseGroup('::ffff:224.0.245.100')).toEqual(parseGroup('224.0.245.100'))
    expect(formatGroup(Uint8Array.of(224, 0, 245, 100))).toBe('224.0.245.100')
  })

  test('only groups have a text', () => {
    for (const size of [0, 3, 5, 15, 17]) expect(codeOf(() => formatGroup(new Uint8Array(size)))).toBe('bad-address')
  })
})
