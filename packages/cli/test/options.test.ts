import { expect, test } from 'vitest'
import {
  addressParser,
  durationOption,
  iceServerParser,
  listParser,
  mediatorParser,
  parseCommandLine,
  parseCount,
  parseIceServer,
  parseMediator,
  parseNodeListen,
  parseNodeTarget,
  parseNodeUri,
  parsePath,
  parsePeerAddress,
  parseRendezvousServer,
  parseTracker,
} from '../src/options.js'

test('addresses of one scheme', () => {
  const parse = addressParser('udp')
  expect(parse('udp://[200::1]:5050')).toBe('udp://[200::1]:5050')
  for (const [text, why] of [
    ['tcp://127.0.0.1:1', 'udp://'],
    ['127.0.0.1:1', 'udp://host:port'],
    ['udp://127.0.0.1', 'a port'],
    ['', 'udp://host:port'],
  ] as const)
    expect(() => parse(text)).toThrow(why)
})

test('an option that is repeated becomes a list', () => {
  const parse = listParser((text) => text.toUpperCase())
  expect(parse('b', parse('a'))).toEqual(['A', 'B'])
})

test('where somebody listens has a port', () => {
  for (const text of ['tcp://127.0.0.1:5050', 'tcp://[200::1]:1', 'tcp://example.org:5050'])
    expect(parsePeerAddress(text)).toBe(text)
  for (const [text, why] of [
    ['tcp://127.0.0.1:0', 'a port above 0'],
    ['udp://127.0.0.1:1', 'tcp://'],
  ] as const)
    expect(() => parsePeerAddress(text)).toThrow(why)
})

test('a tracker is one IP address with a port', () => {
  for (const text of ['udp://127.0.0.1:5050', 'udp://[200::1]:1', 'udp://[fe80::1%eth0]:5050'])
    expect(parseTracker(text)).toBe(text)
  for (const [text, why] of [
    ['udp://foo:1', 'Expected an IP address, as in udp://127.0.0.1:5050: foo is a name'],
    ['udp://127.0.0.1:1,udp://127.0.0.1:2', 'repeat --tracker'],
    ['udp://127.0.0.1:0', 'a port above 0'],
    ['udp://[::]:5050', 'for listening: use 127.0.0.1 or [::1]'],
    ['udp://0.0.0.0:5050', 'for listening: use 127.0.0.1 or [::1]'],
    ['udp://[::ffff:0.0.0.0]:5050', 'for listening: use 127.0.0.1 or [::1]'],
    ['tcp://127.0.0.1:1', 'udp://'],
  ] as const)
    expect(() => parseTracker(text)).toThrow(why)
})

test('a rendezvous server is reached over TLS, or on this machine', () => {
  for (const text of ['wss://meet.example', 'wss://meet.example:8443/path', 'ws://127.0.0.1:18765', 'ws://localhost:1'])
    expect(parseRendezvousServer(text)).toBe(text)
  for (const [text, why] of [
    ['ws://meet.example', 'ws:// is for this machine alone'],
    ['https://meet.example', 'expected wss://, got https:'],
    ['meet.example', 'wss://'],
    ['', 'wss://'],
  ] as const)
    expect(() => parseRendezvousServer(text)).toThrow(why)
})

test('a STUN server has an address, a TURN server a user as well', () => {
  expect(parseIceServer('stun:meet.example:3478')).toEqual({ urls: 'stun:meet.example:3478' })
  const turn = { urls: 'turns:meet.example:5349?transport=tcp', username: 'ann', credential: 'a:b@c' }
  const text = 'turns:ann:a%3Ab%40c@meet.example:5349?transport=tcp'
  expect(iceServerParser(text, [turn])).toEqual([turn, turn])
  for (const [wrong, why] of [
    ['turn:meet.example', 'turn:<user>:<password>@'],
    ['turn:ann@meet.example', 'turn:<user>:<password>@'],
    ['stun:ann:x@meet.example', 'stun:<host>:<port>'],
    ['stun:', 'stun:<host>'],
    ['http://meet.example', 'stun:<host>'],
    ['turn:ann:100%@meet.example', '%25'],
  ] as const)
    expect(() => parseIceServer(wrong)).toThrow(why)
})

test('a mediator is its key and where it listens', () => {
  const key = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'
  const address = 'tcp://[200::1]:5042'
  const parsed = { publicKey: key, address }
  expect(parseMediator(`${key.toUpperCase()}@${address}`)).toEqual(parsed)
  expect(mediatorParser(`${key}@${address}`, [parsed])).toEqual([parsed, parsed])
  // On the overlay, where a mediator is found by its key.
  expect(parseMediator(key)).toEqual({ publicKey: key, address: `ygg://${key}:42` })
  for (const [text, why] of [
    [`${key}@`, 'tcp://host:port'],
    [address, '<64 hex digits>@<address>'],
    [`${key.slice(1)}@${address}`, '<64 hex digits>@<address>'],
    [`${'02'.padEnd(64, '0')}@${address}`, 'no public key'],
    [`${key}@udp://127.0.0.1:1`, 'tcp://'],
    [`${key}@tcp://127.0.0.1:0`, 'a port above 0'],
  ] as const)
    expect(() => parseMediator(text)).toThrow(why)
})

test('schemes stay small, and on the overlay the key of a mediator is enough', () => {
  expect(() => parseNodeUri('quic://192.0.2.1:1')).toThrow(/^quic:\/\/ links/)
  expect(() => parseNodeListen('wss://192.0.2.1:1')).toThrow(/^wss:\/\/ cannot listen/)
  expect(() => parseNodeUri('example.org')).toThrow(/^Peer URI: expected/)
  expect(() => parseMediator('x')).toThrow('on the overlay the key alone is enough')
})

test('a node is named by its key or its address', () => {
  const key = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'
  for (const [text, target] of [
    [key, key],
    [`ygg://${key}:42`, key],
    ['200:eaee::1', '200:eaee::1'],
    ['[200:eaee::1]', '200:eaee::1'],
    ['300:eaee::/64', '300:eaee::/64'],
  ] as const)
    expect(parseNodeTarget(text)).toBe(target)
  for (const text of ['', 'alice', key.slice(1), '2001:db8::1', '192.0.2.1', '2.1.1.1', '[200:eaee::1', '300::1'])
    expect(() => parseNodeTarget(text)).toThrow('64 hex digits, or its address, as 200:…')
  expect(() => parseNodeTarget('02'.padEnd(64, '0'))).toThrow('no public key')
  expect(() => parseNodeTarget('ygg://alice:1')).toThrow('64 hex digits')
})

test('a time', () => {
  const option = durationOption('--timeout <time>', 'how long')
  expect([option.parseArg?.('2s', undefined), option.defaultValue]).toEqual([2_000, undefined])
})

test('nothing is neither a path nor a command line', () => {
  expect([parsePath(' '), parseCommandLine(' cat ')]).toEqual([' ', ' cat '])
  expect(() => parsePath('')).toThrow('Expected a path')
  for (const text of ['', ' \n']) expect(() => parseCommandLine(text)).toThrow('Expected a command line')
})

test('counts', () => {
  expect(parseCount('1')).toBe(1)
  expect(parseCount('999999')).toBe(999_999)
  for (const text of ['0', '-1', '1.5', '1e3', '1000000', '', 'x'])
    expect(() => parseCount(text)).toThrow('whole number')
})
