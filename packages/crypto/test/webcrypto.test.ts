import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createSigner, verify, x25519PublicKey } from '../src/portable.js'
import { createWebCryptoKeys, type WebCryptoKeys, webCryptoSigner } from '../src/webcrypto.js'

const SEED: Uint8Array = Uint8Array.from({ length: 32 }, (_, at) => at)

afterEach(() => vi.unstubAllGlobals())

async function keysOf(seed?: Uint8Array): Promise<WebCryptoKeys> {
  const keys = await createWebCryptoKeys(seed)
  if (keys === undefined) throw new Error('this runtime has no Ed25519 in WebCrypto')
  return keys
}

describe('keys that WebCrypto holds', () => {
  test('are the identity of the seed, sign as it does, and can be read by nobody', async () => {
    const keys = await keysOf(SEED)
    const signer = webCryptoSigner(keys)
    const plain = createSigner(SEED)
    expect(signer.publicKey).toEqual(plain.publicKey)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (message) => {
        expect(await signer.sign(message)).toEqual(plain.sign(message))
      }),
      { numRuns: 20 },
    )
    expect(keys.ed25519.extractable).toBe(false)
    expect(keys.x25519?.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('pkcs8', keys.ed25519 as CryptoKey)).rejects.toThrow()
  })

  test('agree as the seed does', async () => {
    const { agree } = webCryptoSigner(await keysOf(SEED))
    const other = x25519PublicKey(Uint8Array.from({ length: 32 }, (_, at) => 200 - at))
    expect(await agree?.(other)).toEqual(createSigner(SEED).agree(other))
  })

  test('two without a seed are two people', async () => {
    const [one, other] = [await keysOf(), await keysOf()]
    expect(one.publicKey).not.toEqual(other.publicKey)
    const message = Uint8Array.of(1, 2, 3)
    expect(verify(await webCryptoSigner(one).sign(message), message, one.publicKey)).toBe(true)
  })

  test('the message is that of the moment of the call', async () => {
    const message = Uint8Array.of(1, 2, 3)
    const signature = webCryptoSigner(await keysOf(SEED)).sign(message)
    message.fill(9)
    expect(await signature).toEqual(createSigner(SEED).sign(Uint8Array.of(1, 2, 3)))
  })

  test('the seed given is left as it was', async () => {
    const seed = SEED.slice()
    await keysOf(seed)
    expect(seed).toEqual(SEED)
  })

  test.each([
    ['zero', 0],
    ['one', 1],
  ])('a point of small order gives no shared secret: %s', async (_, first) => {
    const { agree } = webCryptoSigner(await keysOf(SEED))
    const point = new Uint8Array(32)
    point[0] = first
    await expect(agree?.(point)).rejects.toMatchObject({ name: 'CryptoError', code: 'shared-secret' })
  })

  test('wrong lengths are refused', async () => {
    await expect(createWebCryptoKeys(new Uint8Array(31))).rejects.toMatchObject({ code: 'argument' })
    const { agree } = webCryptoSigner(await keysOf(SEED))
    await expect(agree?.(new Uint8Array(33))).rejects.toMatchObject({ code: 'argument' })
  })
})

describe('where WebCrypto lacks something', () => {
  test('an insecure page has no keys, and its stored ones cannot be used', async () => {
    const keys = await keysOf(SEED)
    vi.stubGlobal('crypto', { getRandomValues: (bytes: Uint8Array) => bytes })
    expect(await createWebCryptoKeys(SEED)).toBeUndefined()
    expect(() => webCryptoSigner(keys)).toThrow(expect.objectContaining({ code: 'key-capability' }))
  })

  test('without Ed25519 there are none; without X25519 they do not agree', async () => {
    const { subtle } = crypto
    const lacking = (missing: string): void => {
      vi.stubGlobal('crypto', {
        getRandomValues: crypto.getRandomValues.bind(crypto),
        subtle: {
          sign: subtle.sign.bind(subtle),
          importKey: async (...parameters: Parameters<typeof subtle.importKey>) => {
            if (parameters[2] === missing) throw new DOMException('unknown algorithm', 'NotSupportedError')
            return subtle.importKey(...parameters)
          },
        },
      })
    }
    lacking('Ed25519')
    expect(await createWebCryptoKeys(SEED)).toBeUndefined()
    lacking('X25519')
    const signer = webCryptoSigner(await keysOf(SEED))
    expect(signer.agree).toBeUndefined()
    expect(await signer.sign(SEED)).toEqual(createSigner(SEED).sign(SEED))
  })
})
