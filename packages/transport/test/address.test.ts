import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressScheme, formatAddress, isTransportError, parseAddress } from '../src/index.js'

function complaint(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isTransportError(error) && error.code === 'bad-address' && error.blame === 'local') return error.message
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('addresses', () => {
  test.each([
    ['tcp://127.0.0.1:5050', { scheme: 'tcp', host: '127.0.0.1', port: 5050 }],
    ['tcp://[::1]:0', { scheme: 'tcp', host: '::1', port: 0 }],
    ['udp://[200:0:0::ABCD]:65535', { scheme: 'udp', host: '200::abcd', port: 65_535 }],
    ['tcp://[fe80::1%eth0]:1', { scheme: 'tcp', host: 'fe80::1%eth0', port: 1 }],
    ['tcp://[fe80::1%v+1@x#]:1', { scheme: 'tcp', host: 'fe80::1%v+1@x#', port: 1 }],
    ['tcp://Example.ORG:80', { scheme: 'tcp', host: 'example.org', port: 80 }],
    ['tcp://example.org.:80', { scheme: 'tcp', host: 'example.org.', port: 80 }],
    ['memory://alice', { scheme: 'memory', host: 'alice', port: 0 }],
    [`ygg://${'0a'.repeat(32)}:7`, { scheme: 'ygg', host: '0a'.repeat(32), port: 7 }],
  ])('%s', (text, parts) => {
    expect(parseAddress(text)).toEqual(parts)
    expect(parseAddress(formatAddress(parts))).toEqual(parts)
    expect(addressScheme(text)).toBe(parts.scheme)
  })

  test.each([
    ['', 'scheme://host:port'],
    ['127.0.0.1:5050', 'scheme://host:port'],
    ['TCP://127.0.0.1:1', 'scheme://host:port'],
    ['tcp:127.0.0.1:1', 'scheme://host:port'],
    ['tcp://', 'scheme://host:port'],
    ['tcp://127.0.0.1', 'a port'],
    ['tcp://127.0.0.1:', 'a port'],
    ['tcp://127.0.0.1:65536', 'a port'],
    ['tcp://127.0.0.1:-1', 'a port'],
    ['tcp://127.0.0.1:05', 'a port'],
    ['tcp://127.0.0.1:5050/', 'a port'],
    ['tcp://127.0.0.1:5050?x', 'a port'],
    ['tcp://127.0.0.1:5050\n', 'a port'],
    ['tcp://:5050', 'a host'],
    ['tcp://a b:1', 'a host'],
    ['tcp://user@host:1', 'a host'],
    ['tcp://a..b:1', 'a host'],
    ['tcp://::1:5050', 'brackets'],
    ['tcp://[::1]', 'a port'],
    ['tcp://[127.0.0.1]:1', 'IPv6'],
    ['tcp://[::1%]:1', 'IPv6'],
    ['tcp://[::1%a%b]:1', 'IPv6'],
    ['tcp://127.1:1', 'IPv4'],
    ['tcp://0x7f.1:1', 'IPv4'],
    ['tcp://127.0.0.010:1', 'IPv4'],
    ['tcp://2130706433:1', 'IPv4'],
    ['memory://', 'scheme://host:port'],
    ['memory://a:1', 'memory://name'],
    ['memory://a/b', 'memory://name'],
    [`tcp://${'a'.repeat(300)}:1`, 'scheme://host:port'],
  ])('%j is refused, expecting %s', (text, expected) => {
    expect(complaint(() => parseAddress(text))).toContain(expected)
  })

  test('another scheme than the one wanted is refused', () => {
    expect(complaint(() => parseAddress('udp://127.0.0.1:1', 'tcp'))).toContain('tcp://')
  })

  test('a long text is not repeated in the message', () => {
    expect(complaint(() => parseAddress('x'.repeat(10_000))).length).toBeLessThan(200)
  })

  test('parts that no address has are not written', () => {
    for (const host of ['', 'a b', '[::1]', '::1]:5\n[', 'a/b']) {
      expect(complaint(() => formatAddress({ scheme: 'tcp', host, port: 1 }))).toContain('expected')
    }
    for (const port of [-1, 65_536, 1.5, Number.NaN]) {
      expect(complaint(() => formatAddress({ scheme: 'tcp', host: 'a', port }))).toContain('a port')
    }
  })

  test('any text gives an address that is written back the same, or bad-address', () => {
    const pieces = ['tcp', 'udp', '://', '[', ']', ':', '::1', '1', '.', '%', '/', '@', 'a', '5050', '\0', 'é']
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...pieces), maxLength: 12 }), (text) => {
        try {
          const parts = parseAddress(text)
          expect(parseAddress(formatAddress(parts))).toEqual(parts)
        } catch (error) {
          expect(isTransportError(error) && error.code).toBe('bad-address')
        }
      }),
      { seed: 3, numRuns: 5_000 },
    )
  })
})
