import { verify } from '@mimirjs/crypto'
import { createWebCryptoKeys } from '@mimirjs/crypto/webcrypto'
import { describe, expect, test } from 'vitest'
import { type IdentityOptions, openIdentity } from '../../src/platform/browser/identity.js'
import { breakableFactory, keptIn, newName } from './support/browser.js'

const MESSAGE: Uint8Array = new TextEncoder().encode('a message')
/** A browser that holds no keys; guessing at these costs nothing, which tests can do without. */
const WITHOUT_KEYS: IdentityOptions = { createKeys: async () => undefined, cost: { N: 2, r: 1, p: 1 } }

const kept = (name: string): Promise<unknown[]> => keptIn(`mimir-${name}-identity`, 'identity')

describe('where the browser holds keys', () => {
  test('one is made once, and nobody can read it', async () => {
    const name = newName()
    const made = await openIdentity(name)
    const [row] = (await kept(name)) as [{ keys: { ed25519: CryptoKey; x25519: CryptoKey } }]
    for (const key of [row.keys.ed25519, row.keys.x25519]) {
      expect(key.extractable).toBe(false)
      await expect(crypto.subtle.exportKey('pkcs8', key)).rejects.toThrow()
    }
    const found = await openIdentity(name)
    expect(found.publicKey).toEqual(made.publicKey)
    expect(verify(await found.sign(MESSAGE), MESSAGE, made.publicKey)).toBe(true)
    expect(found.agree).toBeTypeOf('function')
    expect((await openIdentity(newName())).publicKey).not.toEqual(made.publicKey)
  })

  test('several who make it at once have the same', async () => {
    const name = newName()
    const signers = await Promise.all([1, 2, 3, 4].map(() => openIdentity(name)))
    expect(new Set(signers.map(({ publicKey }) => String(publicKey))).size).toBe(1)
    expect(await kept(name)).toHaveLength(1)
  })

  test('a passphrase is not asked for, and not used', async () => {
    const name = newName()
    const made = await openIdentity(name, { passphrase: 'word' })
    expect((await openIdentity(name)).publicKey).toEqual(made.publicKey)
  })

  test('and cannot store them, they are under a passphrase', async () => {
    const name = newName()
    const createKeys: IdentityOptions['createKeys'] = async () => {
      const keys = await createWebCryptoKeys()
      // What no database can keep a copy of.
      return keys && { ...keys, ed25519: Object.assign(() => {}, { type: 'private', extractable: false }) }
    }
    await expect(openIdentity(name, { ...WITHOUT_KEYS, createKeys })).rejects.toMatchObject({ code: 'passphrase' })
    const made = await openIdentity(name, { ...WITHOUT_KEYS, createKeys, passphrase: 'word' })
    expect((await openIdentity(name, { passphrase: 'word' })).publicKey).toEqual(made.publicKey)
  })
})

describe('where it holds none', () => {
  test.each([undefined, ''])('nothing is made without a passphrase (%j)', async (passphrase) => {
    const name = newName()
    const opening = openIdentity(name, { ...WITHOUT_KEYS, passphrase })
    await expect(opening).rejects.toMatchObject({ name: 'MessengerError', code: 'passphrase', blame: 'local' })
    expect(await kept(name)).toEqual([])
  })

  test('the key is encrypted under it, and there with it alone', async () => {
    const name = newName()
    const made = await openIdentity(name, { ...WITHOUT_KEYS, passphrase: 'word' })
    expect(verify(await made.sign(MESSAGE), MESSAGE, made.publicKey)).toBe(true)
    for (const passphrase of [undefined, '', 'Word', 'word '])
      await expect(openIdentity(name, { ...WITHOUT_KEYS, passphrase })).rejects.toMatchObject({ code: 'passphrase' })
    const found = await openIdentity(name, { ...WITHOUT_KEYS, passphrase: 'word' })
    expect(found.publicKey).toEqual(made.publicKey)
    expect(verify(await found.sign(MESSAGE), MESSAGE, made.publicKey)).toBe(true)
  })

  test('it costs by default what guessing is to cost', async () => {
    const name = newName()
    await openIdentity(name, { createKeys: async () => undefined, passphrase: 'word' })
    expect(await kept(name)).toMatchObject([{ kind: 'passphrase', seed: { cost: { N: 32_768, r: 8, p: 3 } } }])
  })

  test('it stays as it is when the browser has learnt to hold keys', async () => {
    const name = newName()
    const made = await openIdentity(name, { ...WITHOUT_KEYS, passphrase: 'word' })
    const before = await kept(name)
    await expect(openIdentity(name)).rejects.toMatchObject({ code: 'passphrase' })
    expect((await openIdentity(name, { passphrase: 'word' })).publicKey).toEqual(made.publicKey)
    expect(await kept(name)).toEqual(before)
  })

  test('one that was altered is not taken for another', async () => {
    const name = newName()
    await openIdentity(name, { ...WITHOUT_KEYS, passphrase: 'word' })
    const [row] = (await kept(name)) as [{ publicKey: Uint8Array }]
    const other = await openIdentity(newName(), { ...WITHOUT_KEYS, passphrase: 'word' })
    await replace(name, { ...row, publicKey: other.publicKey })
    await expect(openIdentity(name, { passphrase: 'word' })).rejects.toMatchObject({ code: 'passphrase' })
  })
})

describe('where there is no room, or no database', () => {
  test('no key is made', async () => {
    const name = newName()
    const indexedDB = breakableFactory()
    indexedDB.isFull = true
    await expect(openIdentity(name, { indexedDB })).rejects.toMatchObject({ name: 'MessengerError', code: 'store' })
    indexedDB.isFull = false
    expect(await kept(name)).toEqual([])
    indexedDB.isBroken = true
    await expect(openIdentity(name, { indexedDB })).rejects.toMatchObject({ code: 'store' })
  })
})

async function replace(name: string, row: object): Promise<void> {
  const opening = indexedDB.open(`mimir-${name}-identity`)
  await new Promise((resolve) => opening.addEventListener('success', resolve))
  const transaction = opening.result.transaction(['identity'], 'readwrite')
  transaction.objectStore('identity').put(row, 0)
  await new Promise((resolve) => transaction.addEventListener('complete', resolve))
  opening.result.close()
}
