import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { WireError } from '@mimirjs/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { difference } from '../conformance/check.js'
import type { CodecTable } from '../conformance/codec.js'
import { CODECS } from '../conformance/codecs.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const OK = {
  name: 'ok',
  codec: 'peer.ok',
  hex: '0000000000007fff0000000000000008a21040a6cfe56800',
  value: { type: 'ok', id: '-6768839154741188608' },
  result: 'valid',
}
const LINK = {
  name: 'link',
  codec: 'link.contact',
  text: `mimir://mm/u/8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c/Alice`,
  result: 'valid',
}
const SHORT = { name: 'short', codec: 'peer.ok', hex: OK.hex.slice(2), result: 'invalid', error: 'unexpected-type' }
const LONG_FORM = { name: 'long', codec: 'tlv.varint', hex: 'a000', value: 32, result: 'lenient' }

describe('what passes', () => {
  test.each([
    ['a valid vector', OK],
    ['one without a value', { ...OK, value: undefined }],
    ['a value that leaves its type to the id', { ...OK, value: { id: OK.value.id } }],
    ['upper-case hex', { ...OK, hex: OK.hex.toUpperCase() }],
    ['a codec of text', LINK],
    ['a lenient vector', LONG_FORM],
    [
      'a lenient vector that cannot be written',
      { name: 'x', codec: 'peer.frame', hex: '0000000000000f9f000000000000000101', result: 'lenient' },
    ],
    ['an invalid vector', { ...SHORT, error: undefined }],
    ['a frame that does not repeat its type', { ...OK, codec: 'peer.frame', value: { id: OK.value.id } }],
    [
      'a frame of one generation that does not name it',
      { name: 'x', codec: 'peer.contactResponse', hex: '0000000000000bb9000000000000000101', result: 'valid' },
    ],
    ['an invalid vector whose error is another vocabulary', { ...SHORT, error: 'HEADER_SIZE' }],
    [
      'the generation asked for',
      {
        name: 'x',
        codec: 'peer.infoResponse',
        generation: 'current',
        hex: '00000000000000070000000000000017000000006553f17b00000003426f620000000000000000',
        result: 'valid',
      },
    ],
  ])('%s', (_, vector) => {
    expect(difference(JSON.parse(JSON.stringify(vector)), CODECS)).toBeUndefined()
  })
})

describe('what fails, and why', () => {
  test.each<[string, unknown, RegExp]>([
    ['another value', { ...OK, value: { type: 'ok', id: '-6768839154741188607' } }, /decoded to .* expected/],
    ['a member too many', { ...OK, value: { ...OK.value, more: 1 } }, /decoded to .* expected/],
    ['a member too few', { ...OK, value: { type: 'ok' } }, /decoded to .* expected/],
    [
      'bytes that are written otherwise',
      { ...OK, hex: `01${OK.hex.slice(2)}`, codec: 'peer.frame' },
      /encoded to 00.* expected 01/,
    ],
    [
      'a valid vector that is refused',
      { ...OK, hex: OK.hex.slice(2) },
      /WireError unexpected-type|WireError truncated/,
    ],
    ['an invalid vector that is taken', { ...OK, value: undefined, result: 'invalid' }, /expected it to be refused/],
    ['an invalid vector that is refused otherwise', { ...SHORT, error: 'length' }, /expected length/],
    [
      'the wrong generation',
      {
        name: 'x',
        codec: 'peer.infoResponse',
        generation: 'classic',
        hex: '00000000000000070000000000000017000000006553f17b00000003426f620000000000000000',
        result: 'valid',
      },
      /encoded to/,
    ],
    ['a lenient vector of another value', { ...LONG_FORM, value: 33 }, /decoded to 32, expected 33/],
    ['an unknown codec', { ...OK, codec: 'peer.nothing' }, /unknown codec peer.nothing: see --list/],
    ['a codec that every object has', { ...OK, codec: 'toString' }, /unknown codec/],
    ['a result that is none', { ...OK, result: 'maybe' }, /result: expected valid, invalid or lenient/],
    ['no result', { ...OK, result: undefined }, /result: expected/],
    ['a generation that is none', { ...OK, generation: 'core' }, /generation: expected/],
    ['hex that is none', { ...OK, hex: '0' }, /hex: expected an even number/],
    ['no hex', { ...OK, hex: undefined }, /hex: expected some/],
    ['no text', { ...LINK, text: undefined, hex: '00' }, /text: expected one/],
    [
      'bytes in a value that are no hex',
      {
        name: 'x',
        codec: 'peer.challenge',
        hex: `00000000000000020000000000000024${'00000020'}${'5a'.repeat(32)}`,
        value: { data: 'xyz' },
        result: 'valid',
      },
      /hex/,
    ],
    ['a case that is no object', 5, /expected an object/],
  ])('%s', (_, vector, reason) => {
    expect(difference(JSON.parse(JSON.stringify(vector)), CODECS)).toMatch(reason)
  })

  test('a codec that throws anything but the error of its package', () => {
    const codecs: CodecTable = {
      'peer.ok': {
        shape: 'plain',
        decode: () => {
          throw new RangeError('oh')
        },
        encode: () => new Uint8Array(0),
      },
    }
    expect(difference({ ...SHORT, error: undefined }, codecs)).toBe('expected a typed error, got oh')
    expect(difference(OK, codecs)).toBe('oh')
  })

  test('a codec that writes something else than it read', () => {
    const codecs: CodecTable = {
      'peer.ok': { shape: 'plain', decode: (bytes) => bytes[0], encode: () => Uint8Array.of(1) },
      'peer.pong': {
        shape: 'plain',
        decode: (bytes) => bytes[0],
        encode: () => {
          throw new WireError('out-of-range', 'no')
        },
      },
    }
    const vector = { name: 'x', codec: 'peer.ok', hex: '02', result: 'valid' }
    expect(difference(vector, codecs)).toBe('encoded to 01, expected 02')
    expect(difference({ ...vector, result: 'lenient' }, codecs)).toBe('encoded again it decodes to 1, expected 2')
    expect(difference({ ...vector, codec: 'peer.pong' }, codecs)).toBe('WireError out-of-range: no')
  })
})

describe('the command', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'mimirjs-conformance-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function run(...args: string[]): { status: number | null; lines: string[]; stderr: string } {
    const tsx = fileURLToPath(import.meta.resolve('tsx/cli'))
    const result = spawnSync(
      process.execPath,
      [tsx, '--conditions=mimir:source', path.join(ROOT, 'tools/conformance/main.ts'), ...args],
      {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, INIT_CWD: folder },
      },
    )
    return { status: result.status, lines: result.stdout.trimEnd().split('\n'), stderr: result.stderr }
  }

  const write = (name: string, content: unknown) =>
    writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))

  test('runs every published vector', () => {
    const { status, lines } = run()
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^[1-9]\d{2,} passed, 0 failed$/)
    expect(status).toBe(0)
  })

  test('lists the ids, one a line', () => {
    const { status, lines } = run('--list')
    expect(status).toBe(0)
    expect(lines).toEqual(Object.keys(CODECS))
  })

  test('takes lists, single vectors and objects with a list; counts and names what fails', () => {
    write('list.json', [OK, { ...OK, name: 'broken', value: { type: 'ok', id: '1' } }])
    write('single.json', LONG_FORM)
    write('object.json', { vectors: [LINK, 5] })
    const { status, lines } = run('list.json', path.join(folder, 'single.json'), 'object.json')
    expect(status).toBe(1)
    expect(lines.at(-1)).toBe('3 passed, 2 failed')
    expect(lines[0]).toMatch(/^FAIL .*list\.json: broken: decoded to/)
    expect(lines[1]).toMatch(/^FAIL .*object\.json: case 2: expected an object, got 5$/)
    expect(lines).toHaveLength(3)
  })

  test.each([
    ['missing.json', undefined, /missing\.json: ENOENT/],
    ['broken.json', '[{', /broken\.json: .*JSON/],
    ['text.json', '"text"', /text\.json: expected a list of vectors/],
  ])('says in one line what is wrong with %s', (name, content, reason) => {
    write('good.json', [OK])
    if (content !== undefined) write(name, content)
    const { status, lines, stderr } = run('good.json', name)
    expect(status).toBe(2)
    expect(lines).toEqual(['1 passed, 1 failed'])
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr).toMatch(reason)
  })

  test('takes the errors of others in their words, and files with a byte order mark', () => {
    write('theirs.json', `\uFEFF${JSON.stringify([{ ...SHORT, error: 'varint' }])}`)
    expect(difference({ ...SHORT, error: 'varint' }, CODECS)).toMatch(/failed with/)
    expect(run('theirs.json')).toMatchObject({ status: 0, lines: ['1 passed, 0 failed'] })
  })

  test('refuses options it does not know', () => {
    const { status, stderr } = run('--lsit')
    expect(status).toBe(2)
    expect(stderr).toMatch(/unknown option --lsit; usage/)
  })
})

test('every id of the contract is there', () => {
  const readme = readFileSync(path.join(ROOT, 'vectors/README.md'), 'utf8')
  expect(readme).toContain('pnpm conformance --list')
  const frames =
    'hello challenge challengeAnswer challenge2 challengeAnswer2 infoRequest infoResponse ping pong text callOffer callAnswer callHang callPacket contactRequest contactResponse fileRequest ok frame attachment dataFrame memberInfo'
  const files =
    'init requestFrame responseFrame getNonceRequest getNonceResponse authRequest pingRequest uploadRequest downloadRequest downloadResponse fileInfoRequest fileInfoResponse error sidecar'
  const expected = [
    ...['tlv.varint', 'tlv.payload', 'link.contact'],
    ...frames.split(' ').map((name) => `peer.${name}`),
    ...files.split(' ').map((name) => `files.${name}`),
    ...['announceRequest', 'announceResponse', 'getAddrsRequest', 'getAddrsResponse'].map(
      (name) => `tracker.udp.${name}`,
    ),
  ]
  expect(Object.keys(CODECS)).toEqual(expect.arrayContaining(expected))
})
