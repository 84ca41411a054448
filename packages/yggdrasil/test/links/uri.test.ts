import { describe, expect, it } from 'vitest'
import { YggdrasilError } from '../../src/error.js'
import { durationMs } from '../../src/links/duration.js'
import { splitQuery, unescapeBytes } from '../../src/links/query.js'
import { type PeerUriUse, parsePeerUri, showUri } from '../../src/links/uri.js'

const KEY = '0a1b2c3d4e5f60718293a4b5c6d7e8f90011223344556677889900aabbccddee'
const OTHER_KEY = '8A88E3DD7409F195FD52DB2D3CBA5D72CA6709BF1D94121BF3748801B40F6F5C'

function failure(text: string, use: PeerUriUse = 'dial'): YggdrasilError {
  try {
    parsePeerUri(text, use)
  } catch (error) {
    if (error instanceof YggdrasilError) return error
    throw error
  }
  throw new Error(`expected ${text} to be refused`)
}

describe('parsePeerUri', () => {
  it('takes a plain URI apart and fills in the defaults', () => {
    expect(parsePeerUri('tcp://192.0.2.1:1234', 'dial')).toEqual({
      scheme: 'tcp',
      host: '192.0.2.1',
      port: 1234,
      path: '',
      id: 'tcp://192.0.2.1:1234',
      keys: [],
      priority: 0,
      password: new Uint8Array(0),
      maxBackoffMs: 4_096_000,
      origins: [],
    })
  })

  it('reads every option of a peer to dial', () => {
    const uri = parsePeerUri(
      `tls://Peer.Example.org:443?key=${KEY}&key=${OTHER_KEY}&priority=7&password=s%C3%A9sam+e&maxbackoff=1m30s&sni=front.example`,
      'dial',
    )
    expect(uri.keys.map((key) => key.length)).toEqual([32, 32])
    expect(uri.keys[0]![0]).toBe(0x0a)
    expect(uri.keys[1]![0]).toBe(0x8a)
    expect(uri.priority).toBe(7)
    expect(new TextDecoder().decode(uri.password)).toBe('sésam e')
    expect(uri.maxBackoffMs).toBe(90_000)
    expect(uri.sni).toBe('front.example')
    expect(uri.id).toBe('tls://peer.example.org:443')
  })

  it('reads the options of a listener', () => {
    const uri = parsePeerUri(
      'ws://[::]:0?origin=https://a.example&origin=*.b.example&origin=&priority=255&password=x',
      'listen',
    )
    expect(uri).toMatchObject({ host: '::', port: 0, priority: 255, origins: ['https://a.example', '*.b.example'] })
  })

  it.each([
    ['TLS://EXAMPLE.org:443', 'tls://example.org:443'],
    ['tcp://[2001:DB8:0::1]:80/', 'tcp://[2001:db8::1]:80'],
    ['tcp://[fe80::1%25eth0]:80', 'tcp://[fe80::1%eth0]:80'],
    ['tcp://[fe80::1%eth0]:80', 'tcp://[fe80::1%eth0]:80'],
    [`tls://192.0.2.1:1?key=${KEY}`, 'tls://192.0.2.1:1'],
    ['wss://example.org/ygg?password=x', 'wss://example.org:443/ygg'],
    ['ws://example.org', 'ws://example.org:80'],
    ['ws://[2001:db8::1]/a', 'ws://[2001:db8::1]:80/a'],
    ['unix:///run/ygg%20drasil.sock', 'unix:///run/ygg%20drasil.sock'],
    ['unix:///run/what%3F%25 is', 'unix:///run/what%3F%25%20is'],
    ['memory://Hub', 'memory://hub'],
  ])('knows %s as %s', (text, id) => {
    expect(parsePeerUri(text, 'dial').id).toBe(id)
  })

  it('dials a WebSocket without telling anybody the password', () => {
    const uri = parsePeerUri(
      `wss://example.org/a/b?token=1&password=secret&key=${KEY}&x=%20&priority=3&sni=h&maxbackoff=9s`,
      'dial',
    )
    expect(uri.path).toBe('/a/b?token=1&x=%20')
    expect(parsePeerUri('ws://example.org?password=secret', 'dial').path).toBe('/')
    expect(parsePeerUri('ws://example.org?only=this', 'dial').path).toBe('/?only=this')
  })

  it('names a server to TLS only by a name', () => {
    expect(parsePeerUri('tls://example.org:1', 'dial').sni).toBe('example.org')
    expect(parsePeerUri('wss://example.org', 'dial').sni).toBe('example.org')
    expect(parsePeerUri('tls://192.0.2.1:1', 'dial')).not.toHaveProperty('sni')
    expect(parsePeerUri('tls://[2001:db8::1]:1', 'dial')).not.toHaveProperty('sni')
    expect(parsePeerUri('tls://192.0.2.1:1?sni=192.0.2.2', 'dial')).not.toHaveProperty('sni')
    expect(parsePeerUri('tls://192.0.2.1:1?sni=a.example', 'dial').sni).toBe('a.example')
    expect(parsePeerUri('tcp://example.org:1', 'dial')).not.toHaveProperty('sni')
  })

  it('listens on every address when there is no host', () => {
    expect(parsePeerUri('tcp://:4711', 'listen')).toMatchObject({ host: '', port: 4711, id: 'tcp://:4711' })
    expect(failure('tcp://:4711').code).toBe('bad-uri')
  })

  it.each([
    ['', /scheme:\/\/host:port/],
    ['example.org:443', /scheme:\/\/host:port/],
    ['http://example.org:80', /tcp:\/\/, tls:\/\/, ws:\/\/, wss:\/\/ or unix:\/\//],
    ['tcp://example.org', /host:port/],
    ['tcp://example.org:65536', /host:port/],
    ['tcp://example.org:0', /port from 1 to 65535/],
    ['tcp://2001:db8::1:80', /brackets/],
    ['tcp://010.0.0.1:80', /host:port/],
    ['tcp://user:pass@example.org:80', /without a user/],
    ['tcp://example.org:80/path', /without a path/],
    ['tcp://example.org:80#fragment', /scheme:\/\/host:port/],
    [`tcp://example.org:80?key=${KEY}00`, /64 hex digits.*66 characters/],
    ['tcp://example.org:80?key=', /64 hex digits/],
    [`tcp://example.org:80?key=${KEY.slice(0, 62)}`, /64 hex digits/],
    [`tcp://example.org:80?keys=${KEY}`, /options but key, priority.*"keys"/],
    ['tcp://example.org:80?priority=256', /0 to 255/],
    ['tcp://example.org:80?priority=-1', /0 to 255/],
    ['tcp://example.org:80?priority=1.5', /0 to 255/],
    [`tcp://example.org:80?password=${'a'.repeat(65)}`, /64 bytes \(it has 65\)/],
    ['tcp://example.org:80?password=%zz', /two hex digits/],
    ['tcp://example.org:80?maxbackoff=4s', /at least 5s/],
    ['tcp://example.org:80?maxbackoff=soon', /at least 5s/],
    ['tls://example.org:80?sni=a/b', /sni= with a host name/],
    ['unix://relative', /unix:\/\/ and an absolute path/],
    ['unix:///', /absolute path/],
    ['unix:///a%00b', /absolute path/],
    ['unix:///a%ff', /absolute path/],
    [`unix:///${'a'.repeat(103)}`, /at most 103 bytes/],
    ['ws://example.org/ä', /percent-encoded/],
    ['memory://a b', /memory:\/\/name/],
    [`tcp://example.org:80?${'a'.repeat(5000)}`, /scheme:\/\/host:port/],
  ])('refuses %s and says what is expected', (text, expected) => {
    const error = failure(text)
    expect(error.code).toBe('bad-uri')
    expect(error.message).toMatch(expected)
    expect(error.blame).toBe('local')
  })

  it('refuses options that would be ignored', () => {
    expect(failure(`tcp://127.0.0.1:0?key=${KEY}`, 'listen').message).toMatch(/allowedKeys/)
    expect(failure('tcp://127.0.0.1:0?maxbackoff=9s', 'listen').code).toBe('bad-uri')
    expect(failure('ws://example.org?origin=*').code).toBe('bad-uri')
  })

  it('says how to listen with TLS for browsers', () => {
    const error = failure('wss://0.0.0.0:443', 'listen')
    expect(error.code).toBe('unsupported')
    expect(error.message).toMatch(/listen on ws:\/\/ .*reverse proxy/)
  })

  it.each(['quic://a.example:1', 'socks://a.example:1/b.example:2', 'sockstls://a.example:1/b.example:2'])(
    'knows %s from a misspelt scheme',
    (text) => {
      expect(failure(text).code).toBe('unsupported')
    },
  )

  it('shows no password in any message', () => {
    for (const text of [
      'tcp://a.example?password=secret',
      'tcp://a.example:1?password=secret&priority=x',
      'x?password=secret',
    ]) {
      expect(failure(text).message).not.toContain('secret')
    }
    expect(showUri(`tcp://${'a'.repeat(500)}`).length).toBeLessThan(150)
  })
})

describe('durationMs', () => {
  it.each([
    ['30', 30_000],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['.5s', 500],
    ['1s500ms', 1500],
    ['250000µs', 250],
    ['1000000ns', 1],
    ['+2s', 2000],
  ])('reads %s', (text, ms) => {
    expect(durationMs(text)).toBeCloseTo(ms, 6)
  })

  it.each(['', 's', '5', '-5s', '5 s', '5d', '1.2.3s', '1e3s', '5s5', '9'.repeat(50)])(
    'refuses %s or takes it as seconds',
    (text) => {
      expect(durationMs(text)).toBe(text === '5' ? 5000 : undefined)
    },
  )
})

describe('splitQuery', () => {
  it('keeps what it cannot read as it was written', () => {
    expect(splitQuery('a=1&&b&c=%zz&d=x=y').map(({ raw }) => raw)).toEqual(['a=1', 'b', 'c=%zz', 'd=x=y'])
    expect(splitQuery('c=%zz')[0]!.value).toBeUndefined()
    expect(splitQuery('d=x=y')[0]!.value).toEqual(new TextEncoder().encode('x=y'))
  })

  it('undoes percent-encoding to bytes, text or not', () => {
    expect(unescapeBytes('%ff%00a+%2B')).toEqual(Uint8Array.of(0xff, 0, 0x61, 0x2b, 0x2b))
    expect(unescapeBytes('a+b', true)).toEqual(new TextEncoder().encode('a b'))
    expect(unescapeBytes('%f')).toBeUndefined()
  })
})
