import { describe, expect, test } from 'vitest'
import { testCertificate } from '../../../transport/test/support/certificate.js'
import { isRendezvousError } from '../../src/error.js'
import { DEFAULT_SERVER_LIMITS, serverLimitsOf } from '../../src/server/limits.js'
import { nameFor, serverNames } from '../../src/server/names.js'
import { networkOf, Sources } from '../../src/server/source.js'

const plain = (host: string): Parameters<typeof serverNames>[1] => ({ isTls: false, host, port: 18_765 })

function misuse(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isRendezvousError(error) && error.code === 'misuse') return error.message
    throw error
  }
  throw new Error('it was accepted')
}

describe('names', () => {
  test('those given, as clients print them', () => {
    const given = ['wss://RDV.example.org/rendezvous', 'wss://rdv.example.org:443', 'ws://127.0.0.1:18765/']
    expect(serverNames(given, plain('0.0.0.0'))).toEqual(['wss://rdv.example.org', 'ws://127.0.0.1:18765'])
  })

  test.each(['https://rdv.example.org', 'ws://rdv.example.org', 'wss://user@rdv.example.org', 'rdv.example.org'])(
    'what no client dials is refused: %s',
    (name) => {
      expect(misuse(() => serverNames([name], plain('127.0.0.1')))).toMatch(/^names: /)
    },
  )

  test('of a plain listener only those that may be dialled without TLS', () => {
    expect(serverNames(undefined, plain('127.0.0.1'))).toEqual(['ws://127.0.0.1:18765', 'ws://localhost:18765'])
    expect(serverNames(undefined, plain('::1'))).toEqual(['ws://[::1]:18765', 'ws://localhost:18765'])
    const all = ['ws://localhost:18765', 'ws://127.0.0.1:18765', 'ws://[::1]:18765']
    expect(serverNames(undefined, plain('::'))).toEqual(all)
    expect(serverNames(undefined, plain('0.0.0.0'))).toEqual(all)
    expect(misuse(() => serverNames(undefined, plain('192.0.2.7')))).toMatch(/expected 1 to 16 URLs/)
  })

  test('of a TLS listener those of its certificate, but no wildcard', () => {
    const { cert } = testCertificate(['rdv.example.org', '*.example.net', '192.0.2.7'])
    expect(serverNames(undefined, { isTls: true, host: '192.0.2.8', port: 443, cert })).toEqual([
      'wss://rdv.example.org',
      'wss://192.0.2.7',
      'wss://192.0.2.8',
    ])
  })

  test('none, and too many, are refused', () => {
    expect(misuse(() => serverNames([], plain('127.0.0.1')))).toMatch(/expected 1 to 16/)
    const many = Array.from({ length: 17 }, (_, number) => `wss://r${number}.example.org`)
    expect(misuse(() => serverNames(many, plain('127.0.0.1')))).toMatch(/expected 1 to 16/)
  })

  test('the client’s word picks among ours, and adds none', () => {
    const names = ['wss://a.example', 'wss://b.example:8443']
    expect(nameFor(names, 'B.example:8443')).toBe('wss://b.example:8443')
    expect(nameFor(names, 'c.example')).toBe(undefined)
    expect(nameFor(['wss://a.example'], 'c.example')).toBe('wss://a.example')
  })
})

describe('addresses', () => {
  test('an IPv6 address counts as its network, an IPv4 address in IPv6 as itself', () => {
    expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe(networkOf('2001:db8:1:2::9'))
    expect(networkOf('2001:db8:1:2::9')).not.toBe(networkOf('2001:db8:1:3::9'))
    expect(networkOf('fe80::1%eth0')).toBe(networkOf('fe80::2'))
    const sources = new Sources()
    expect(sources.of('::ffff:192.0.2.1', undefined)).toBe('192.0.2.1')
  })

  test('what a request says is believed as far as trusted proxies wrote it', () => {
    const sources = new Sources(['127.0.0.1', '10.0.0.0/8', '2001:db8::/32'])
    expect(sources.of('198.51.100.1', '192.0.2.1')).toBe('198.51.100.1')
    expect(sources.of('127.0.0.1', '192.0.2.1')).toBe('192.0.2.1')
    expect(sources.of('127.0.0.1', '203.0.113.9, 192.0.2.1')).toBe('192.0.2.1')
    expect(sources.of('::ffff:127.0.0.1', '192.0.2.1, 10.1.2.3')).toBe('192.0.2.1')
    expect(sources.of('2001:db8::1', '192.0.2.1')).toBe('192.0.2.1')
    expect(sources.of('127.0.0.1', undefined)).toBe('127.0.0.1')
    expect(sources.of('127.0.0.1', 'nonsense')).toBe('127.0.0.1')
    expect(sources.of('127.0.0.1', '192.0.2.1, nonsense')).toBe('127.0.0.1')
    expect(sources.of('127.0.0.1', Array.from({ length: 9_999 }, () => '10.0.0.1').join())).toBe('10.0.0.1')
  })

  test.each(['localhost', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::1/129', '10.0.0.0/-1', ''])(
    'no network: %j',
    (text) => {
      expect(misuse(() => new Sources([text]))).toMatch(/^trustedProxies: /)
    },
  )
})

describe('limits', () => {
  test('the defaults are those of the protocol, where it has any', () => {
    expect(DEFAULT_SERVER_LIMITS).toMatchObject({
      connections: 10_000,
      connectionsPerAddress: 16,
      unauthenticated: 256,
      authMs: 10_000,
      nonceMs: 60_000,
      envelopesPerSecond: 10,
      envelopesBurst: 40,
      unknownFrames: 20,
      silenceMs: 30_000,
      pongMs: 30_000,
    })
  })

  test('an unknown name, and what is no number of at least 1, are refused', () => {
    expect(serverLimitsOf({ connections: Infinity }).connections).toBe(Infinity)
    expect(misuse(() => serverLimitsOf({ connexions: 1 } as object))).toMatch(/limits.connexions/)
    for (const value of [0, -1, Number.NaN, '5'])
      expect(misuse(() => serverLimitsOf({ connections: value as number }))).toMatch(/limits.connections/)
  })
})
