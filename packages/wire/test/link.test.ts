import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, isWireError, type WireErrorCode } from '../src/index.js'
import { formatContactLink, MAX_LINK_NAME_CHARACTERS, parseContactLink } from '../src/link/index.js'

const KEY = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'
const publicKey = fromHex(KEY)

function codeOf(text: string, options?: Parameters<typeof parseContactLink>[1]): WireErrorCode | undefined {
  try {
    parseContactLink(text, options)
    return undefined
  } catch (error) {
    if (isWireError(error)) return error.code
    throw error
  }
}

describe('parseContactLink', () => {
  test.each([
    [`mimir://mm/u/${KEY.toUpperCase()}/Alice+Bob`, 'Alice Bob'],
    [`mimir://mm/u/${KEY}/%D0%98%D0%BC%D1%8F`, 'Имя'],
    [`MIMIR://elsewhere/u/${KEY}/Alice`, 'Alice'],
    [`https://go.mimir.im/u/${KEY}/Alice`, 'Alice'],
    [`http://MIMIR-APP.net/u/${KEY}/Alice?from=qr#top`, 'Alice'],
    [`https://mm.yggdrasil.link/u/${KEY}/Alice/`, 'Alice'],
    [`mimir://mm/u/${KEY}/`, ''],
    [`mimir://mm/u/${KEY}`, ''],
    [`mimir://mm/u/${KEY}/a%2Bb`, 'a+b'],
    [`mimir://mm/u/${KEY}/a%2Fb`, 'a/b'],
    [`mimir://mm/u/${KEY}/100%2525`, '100%25'],
    [`mimir://mm/u/${KEY}/Имя`, 'Имя'],
    [`mimir://mm/u/${KEY}/a%00b%0Ac%C2%85d`, 'abcd'],
    [`mimir://${KEY.toUpperCase()}#Alice+Bob`, 'Alice Bob'],
    [`mimir://${KEY}`, ''],
    [`mimir://g/u/${KEY}/A`, 'A'],
  ])('%s', (text, name) => {
    expect(parseContactLink(text)).toEqual({ publicKey, name })
  })

  test.each<[string, WireErrorCode]>([
    [`ftp://mm/u/${KEY}/A`, 'link-scheme'],
    ['', 'link-scheme'],
    ['mimir', 'link-scheme'],
    [` mimir://mm/u/${KEY}/A`, 'link-scheme'],
    [`https://example.org/u/${KEY}/A`, 'link-host'],
    [`https://go.mimir.im:443/u/${KEY}/A`, 'link-host'],
    [`https://go.mimir.im@example.org/u/${KEY}/A`, 'link-host'],
    [`mimir://mm/g/${KEY}/A`, 'link-kind'],
    [`mimir://mm/U/${KEY}/A`, 'link-kind'],
    [`mimir://mm//u/${KEY}/A`, 'link-kind'],
    ['mimir://mm', 'link-kind'],
    ['mimir://g/1234567890123', 'link-group'],
    ['MIMIR://G/-5/', 'link-group'],
    ['mimir://g/users', 'link-group'],
    ['mimir://g', 'link-kind'],
    ['mimir://g/u', 'link-key'],
    ['https://go.mimir.im/g/5', 'link-kind'],
    ['mimir://mm/u', 'link-key'],
    [`mimir://mm/u/${KEY.slice(1)}/A`, 'link-key'],
    [`mimir://mm/u/${KEY}0/A`, 'link-key'],
    [`mimir://mm/u/g${KEY.slice(1)}/A`, 'link-key'],
    [`mimir://mm/u/${KEY}/%zz`, 'link-name'],
    [`mimir://mm/u/${KEY}/%`, 'link-name'],
    [`mimir://mm/u/${KEY}/%FF`, 'link-name'],
    [`mimir://mm/u/${KEY}/%C0%80`, 'link-name'],
    [`mimir://mm/u/${KEY}/a/b`, 'link-name'],
    [`mimir://mm/u/${KEY}/a//`, 'link-name'],
  ])('%s is refused: %s', (text, code) => {
    expect(codeOf(text)).toBe(code)
  })

  test('asks whether the key is a point', () => {
    const text = `mimir://mm/u/${KEY}/A`
    expect(codeOf(text, { isPoint: () => true })).toBeUndefined()
    expect(codeOf(text, { isPoint: () => false })).toBe('link-key')
  })

  test('cuts long names between characters', () => {
    const name = '👋'.repeat(MAX_LINK_NAME_CHARACTERS + 1)
    const parsed = parseContactLink(`mimir://mm/u/${KEY}/${encodeURIComponent(name)}`)
    expect(parsed.name).toBe('👋'.repeat(MAX_LINK_NAME_CHARACTERS))
  })

  test('any text gives a contact or a WireError', () => {
    const piece = fc.constantFrom('mimir://', 'https://', 'mm', 'go.mimir.im', '/', 'u', KEY, '#', '?', '%41', '%', '+')
    const text = fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 8 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, (link) => {
        codeOf(link)
      }),
      { seed: 1 },
    )
  })
})

describe('formatContactLink', () => {
  test('writes the app form with a lower-case key', () => {
    expect(formatContactLink({ publicKey, name: "Alice & Bob's *.-_~!()" })).toBe(
      `mimir://mm/u/${KEY}/Alice+%26+Bob%27s+*.-_%7E%21%28%29`,
    )
    expect(formatContactLink({ publicKey, name: '' })).toBe(`mimir://mm/u/${KEY}/`)
  })

  test('refuses what the parser would refuse or change', () => {
    expect(() => formatContactLink({ publicKey: publicKey.subarray(1), name: '' })).toThrow(
      expect.objectContaining({ code: 'link-key' }),
    )
    for (const name of ['a\nb', '\ud800', 'a'.repeat(MAX_LINK_NAME_CHARACTERS + 1)]) {
      expect(() => formatContactLink({ publicKey, name })).toThrow(expect.objectContaining({ code: 'link-name' }))
    }
  })

  test('is read back unchanged', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !/\p{Cc}/u.test(text))
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), name, (key, text) => {
        const link = { publicKey: key, name: text }
        expect(parseContactLink(formatContactLink(link))).toEqual(link)
      }),
      { seed: 2 },
    )
  })
})
