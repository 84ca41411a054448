import { publicKeyFromSeed } from '@mimirjs/crypto'
import { fromHex, toHex } from '@mimirjs/wire'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatMulticastAddress, mapIpv4, parseMulticastAddress } from '../../src/address/index.js'
import { codeOf, failureOf } from './support.js'

const KEY = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'

test('both families, as they are written', () => {
  expect(parseMulticastAddress(`mp2p://${KEY}@[ff1e::1]:1024`)).toEqual({
    publicKey: fromHex(KEY),
    group: fromHex('ff1e0000000000000000000000000001'),
    port: 1024,
  })
  expect(parseMulticastAddress(`mp2p://${KEY.toUpperCase()}@224.0.245.100:65535`)).toEqual({
    publicKey: fromHex(KEY),
    group: mapIpv4(Uint8Array.of(224, 0, 245, 100)),
    port: 65_535,
  })
})

test('what is written is read back, and written alike again', () => {
  const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const ipv6 = fc.uint8Array({ minLength: 14, maxLength: 14 }).map((tail) => Uint8Array.of(0xff, 0x1e, ...tail))
  const ipv4 = fc.tuple(fc.nat(255), fc.integer({ min: 224, max: 255 }), fc.nat(255))
  const groups = fc.oneof(
    ipv6,
    ipv4.map((octets) => mapIpv4(Uint8Array.of(224, ...octets))),
  )
  fc.assert(
    fc.property(seeds, groups, fc.integer({ min: 1024, max: 65_535 }), (seed, group, port) => {
      const address = { publicKey: publicKeyFromSeed(seed), group, port }
      const text = formatMulticastAddress(address)
      expect(text.length).toBeLessThanOrEqual(200)
      expect(parseMulticastAddress(text)).toEqual(address)
      expect(formatMulticastAddress(parseMulticastAddress(text))).toBe(text)
    }),
    { seed: 1, numRuns: 60 },
  )
})

test.each([
  ['', 'bad-address', /mp2p:\/\/<key, 64 hex digits>/],
  [`udp://${KEY}@[ff1e::1]:1024`, 'bad-address', /expected mp2p/],
  [`mp2p://[ff1e::1]:1024`, 'bad-address', /expected mp2p/],
  [`mp2p://${KEY}@[ff1e::1]`, 'bad-address', /expected mp2p/],
  [`mp2p://${KEY}@ff1e::1:1024`, 'bad-address', /expected mp2p/],
  [`mp2p://${KEY}@[ff1e::1]:1024/`, 'bad-address', /expected mp2p/],
  [`mp2p://${KEY}@[ff1e::1]:1024\n`, 'bad-address', /expected mp2p/],
  [` mp2p://${KEY}@[ff1e::1]:1024`, 'bad-address', /expected mp2p/],
  [`mp2p://${KEY}@[ff1e::1]:1023`, 'bad-address', /a port from 1024 to 65535/],
  [`mp2p://${KEY}@[ff1e::1]:65536`, 'bad-address', /a port from 1024 to 65535/],
  [`mp2p://${KEY}@[ff1e::1]:01024`, 'bad-address', /a port from 1024 to 65535/],
  [`mp2p://${KEY}@[2001:db8::1]:1024`, 'bad-address', /the address of one host/],
  [`mp2p://${KEY}@192.0.2.1:1024`, 'bad-address', /the address of one host/],
  [`mp2p://${KEY}@[]:1024`, 'bad-address', /expected a multicast group/],
  [`mp2p://${KEY}@example.org:1024`, 'bad-address', /expected a multicast group/],
  [`mp2p://${KEY}@[ff15::1]:1024`, 'bad-address', /extraScopes/],
  [`mp2p://${KEY}@[ff1e::1%eth0]:1024`, 'bad-address', /without a zone/],
  [`mp2p://${KEY.slice(2)}@[ff1e::1]:1024`, 'bad-key', /64 hex digits/],
  [`mp2p://@[ff1e::1]:1024`, 'bad-key', /64 hex digits/],
  [`mp2p://${KEY.slice(1)}g@[ff1e::1]:1024`, 'bad-key', /64 hex digits/],
  [`mp2p://${'00'.repeat(32)}@[ff1e::1]:1024`, 'bad-key', /which nobody can have/],
  [`mp2p://${KEY.slice(0, -2)}5e@[ff1e::1]:1024`, 'bad-key', /which nobody can have/],
])('%j is refused: %s', (text, code, why) => {
  expect(codeOf(() => parseMulticastAddress(text))).toBe(code)
  expect(failureOf(() => parseMulticastAddress(text))).toMatch(why)
})

test('a text of any length is refused at once, and not repeated in full', () => {
  const text = `mp2p://${KEY}@[${'f'.repeat(1_000_000)}]:1024`
  expect((failureOf(() => parseMulticastAddress(text)) as string).length).toBeLessThan(400)
})

test('the scopes of private networks, for who asks for them', () => {
  const text = `mp2p://${KEY}@[ff15::1]:1024`
  expect(formatMulticastAddress(parseMulticastAddress(text, { extraScopes: true }))).toBe(text)
})

test('a group of the wrong length has no address', () => {
  expect(codeOf(() => formatMulticastAddress({ publicKey: fromHex(KEY), group: new Uint8Array(5), port: 1024 }))).toBe(
    'bad-address',
  )
  expect(toHex(parseMulticastAddress(`mp2p://${KEY}@224.0.245.100:1024`).publicKey)).toBe(KEY)
})
