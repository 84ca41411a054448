import { isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatIp, parseIp, unmapIpv4 } from '../src/index.js'

describe('IP literals', () => {
  test.each([
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::0001', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['::FFFF:102:304', '::ffff:1.2.3.4'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
  ])('%s is read and written as %s', (text, canonical) => {
    expect(formatIp(parseIp(text)!)).toBe(canonical)
  })

  test.each([
    '',
    ':',
    ':::',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.-4',
    '0x1.2.3.4',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '1::2::3',
    '12345::',
    'g::',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '[::1]',
    '::1%eth0',
    '::1.2.3',
    `${'0'.repeat(50)}::1`,
  ])('%j is neither', (text) => {
    expect(parseIp(text)).toBeUndefined()
  })

  test('every address survives the way to text and back, and the runtime agrees that it is one', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }).map((list) => Uint8Array.from(list)),
    )
    fc.assert(
      fc.property(bytes, (address) => {
        const text = formatIp(address)
        expect(parseIp(text)).toEqual(address)
        expect(address.length === 4 ? isIPv4(text) : isIPv6(text)).toBe(true)
        if (address.length === 16 && !text.includes('.')) expect(new URL(`http://[${text}]`).hostname).toBe(`[${text}]`)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  test('any text that is read is one the runtime takes too', () => {
    const text = fc.string({ unit: fc.constantFrom('0', '1', 'f', ':', '::', '.', '25'), maxLength: 20 })
    fc.assert(
      fc.property(text, (candidate) => {
        expect(parseIp(candidate) !== undefined).toBe(isIPv4(candidate) || isIPv6(candidate))
      }),
      { seed: 2, numRuns: 5_000 },
    )
  })

  test('other lengths are refused', () => {
    expect(() => formatIp(new Uint8Array(5))).toThrow(RangeError)
  })

  test('only a mapped IPv4 address is unmapped', () => {
    expect(unmapIpv4('::ffff:127.0.0.1')).toBe('127.0.0.1')
    expect(unmapIpv4('::ffff:7f00:1')).toBe('::ffff:7f00:1')
    expect(unmapIpv4('127.0.0.1')).toBe('127.0.0.1')
  })
})
