import { describe, expect, test } from 'vitest'
import { openWithPassphrase, PASSPHRASE_COST, type PassphraseSealed, sealWithPassphrase } from '../src/passphrase.js'
import { scrypt } from '../src/portable/scrypt.js'

const SECRET: Uint8Array = Uint8Array.from({ length: 32 }, (_, at) => at)
const CHEAP = { N: 1_024, r: 8, p: 1 }
const utf8 = new TextEncoder()

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

test('scrypt is that of RFC 7914 §12', async () => {
  const key = await scrypt(utf8.encode('password'), utf8.encode('NaCl'), { N: 1_024, r: 8, p: 16 }, 64)
  expect(hex(key)).toBe(
    'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
  )
})

describe('a secret under a passphrase', () => {
  test('is opened by that one, whatever form its letters were typed in', async () => {
    const sealed = await sealWithPassphrase(SECRET, 'Übung', { cost: CHEAP })
    expect(sealed.sealed).not.toEqual(SECRET)
    expect(await openWithPassphrase(sealed, 'U\u0308bung')).toEqual(SECRET)
  })

  test('costs by default what guessing is to cost', async () => {
    const sealed = await sealWithPassphrase(SECRET, 'word')
    expect(sealed.cost).toEqual(PASSPHRASE_COST)
    expect(await openWithPassphrase(structuredClone(sealed), 'word')).toEqual(SECRET)
  })

  test('has its own salt and nonce every time', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => sealWithPassphrase(SECRET, 'word', { cost: CHEAP })))
    expect(one?.salt).toHaveLength(16)
    expect(one?.salt).not.toEqual(other?.salt)
    expect(one?.nonce).not.toEqual(other?.nonce)
  })

  test('is not opened by another, nor beside other data, nor when any part of it was changed, and all say the same', async () => {
    const associatedData = utf8.encode('ours')
    const sealed = await sealWithPassphrase(SECRET, 'word', { cost: CHEAP, associatedData })
    const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at === 3 ? byte ^ 1 : byte))
    const attempts: [PassphraseSealed, string, Uint8Array | undefined][] = [
      [sealed, 'Word', associatedData],
      [sealed, 'word', undefined],
      [sealed, 'word', utf8.encode('theirs')],
      [{ ...sealed, sealed: flipped(sealed.sealed) }, 'word', associatedData],
      [{ ...sealed, salt: flipped(sealed.salt) }, 'word', associatedData],
      [{ ...sealed, nonce: flipped(sealed.nonce) }, 'word', associatedData],
      [{ ...sealed, cost: { ...CHEAP, p: 2 } }, 'word', associatedData],
    ]
    const said = await Promise.all(
      attempts.map(([what, passphrase, data]) =>
        openWithPassphrase(what, passphrase, data === undefined ? {} : { associatedData: data }).catch(
          ({ name, code, message }: Error & { code: string }) => `${name} ${code} ${message}`,
        ),
      ),
    )
    expect(new Set(said).size).toBe(1)
    expect(said[0]).toMatch(/^CryptoError authentication /)
    const options = { associatedData }
    await expect(openWithPassphrase(sealed, 'word', options)).resolves.toEqual(SECRET)
  })

  test.each([
    ['no power of two', { N: 1_000, r: 8, p: 1 }],
    ['no work at all', { N: 1, r: 8, p: 1 }],
    ['more memory than there is', { N: 2 ** 30, r: 8, p: 1 }],
    ['wide blocks', { N: 2, r: 2 ** 30, p: 1 }],
    ['hours', { N: 1_024, r: 8, p: 2 ** 30 }],
    ['numbers that are none', { N: Number.NaN, r: 8, p: 1 }],
  ])('is refused with a cost of %s before any work', async (_what, cost) => {
    const sealed = await sealWithPassphrase(SECRET, 'word', { cost: CHEAP })
    await expect(openWithPassphrase({ ...sealed, cost }, 'word')).rejects.toMatchObject({ code: 'argument' })
    await expect(sealWithPassphrase(SECRET, 'word', { cost })).rejects.toMatchObject({ code: 'argument' })
  })

  test('needs one', async () => {
    await expect(sealWithPassphrase(SECRET, '')).rejects.toMatchObject({ code: 'argument' })
  })
})
