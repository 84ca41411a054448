import { describe, expect, test } from 'vitest'
import { codeOf, hex, SeededBytes, type Suite, toHex, utf8 } from '../helpers.js'

/** RFC 8032 §7.1: seed, public key, message, signature. */
const RFC8032: readonly (readonly [string, string, string, string, string])[] = [
  [
    'TEST 1',
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
      '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    'TEST 2',
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'TEST 3',
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
      '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
  [
    'TEST SHA(abc)',
    '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
      '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589' +
      '09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  ],
]

/** In Node's Buffers `slice` gives a view, not a copy. */
class LikeABuffer extends Uint8Array {
  override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
    return this.subarray(start, end) as Uint8Array<ArrayBuffer>
  }
}

export function ed25519Suite(crypto: Suite): void {
  describe('Ed25519', () => {
    test.each(RFC8032)('RFC 8032 %s', (_, seed, publicKey, message, signature) => {
      expect(toHex(crypto.publicKeyFromSeed(hex(seed)))).toBe(publicKey)
      expect(toHex(crypto.sign(hex(message), hex(seed)))).toBe(signature)
      expect(toHex(crypto.createSigner(hex(seed)).sign(hex(message)))).toBe(signature)
      expect(crypto.verify(hex(signature), hex(message), hex(publicKey))).toBe(true)
    })

    test('a signer keeps its key when the bytes it was made of are overwritten', () => {
      const [seed, publicKey] = [hex(RFC8032[0]![1]), RFC8032[0]![2]]
      for (const bytes of [seed.slice(), new LikeABuffer(seed)]) {
        const signer = crypto.createSigner(bytes)
        const agreed = toHex(signer.agree(crypto.x25519PublicKey(new Uint8Array(32).fill(9))))
        bytes.fill(7)
        expect(toHex(signer.publicKey)).toBe(publicKey)
        expect(crypto.verify(signer.sign(utf8('later')), utf8('later'), hex(publicKey))).toBe(true)
        expect(toHex(signer.agree(crypto.x25519PublicKey(new Uint8Array(32).fill(9))))).toBe(agreed)
        expect(toHex(crypto.sign(utf8('later'), bytes))).not.toBe(toHex(signer.sign(utf8('later'))))
      }
    })

    test('a signature with one bit turned over, or of another message or key, is none', () => {
      const random = new SeededBytes(3)
      const signer = crypto.createSigner(random.bytes(32))
      const message = random.bytes(40)
      const signature = signer.sign(message)
      for (let round = 0; round < 40; round++) {
        expect(crypto.verify(random.flipped(signature), message, signer.publicKey)).toBe(false)
        expect(crypto.verify(signature, random.flipped(message), signer.publicKey)).toBe(false)
        expect(crypto.verify(signature, message, random.flipped(signer.publicKey))).toBe(false)
      }
    })

    test('signatures and keys of another length are no signatures', () => {
      const signer = crypto.createSigner(new Uint8Array(32).fill(1))
      const signature = signer.sign(utf8('hello'))
      for (let length = 0; length < 64; length++)
        expect(crypto.verify(signature.subarray(0, length), utf8('hello'), signer.publicKey)).toBe(false)
      for (let length = 0; length < 32; length++)
        expect(crypto.verify(signature, utf8('hello'), signer.publicKey.subarray(0, length))).toBe(false)
      expect(crypto.verify(Uint8Array.of(...signature, 0), utf8('hello'), signer.publicKey)).toBe(false)
      expect(crypto.verify(signature, utf8('hello'), Uint8Array.of(...signer.publicKey, 0))).toBe(false)
    })

    test('what is not bytes is the caller’s mistake', () => {
      const bytes = new Uint8Array(64)
      const text = 'text' as unknown as Uint8Array
      expect(codeOf(() => crypto.verify(text, bytes, bytes))).toBe('argument')
      expect(codeOf(() => crypto.verify(bytes, text, bytes))).toBe('argument')
      expect(codeOf(() => crypto.verify(bytes, bytes, text))).toBe('argument')
      expect(codeOf(() => crypto.sign(text, bytes.subarray(32)))).toBe('argument')
      expect(codeOf(() => crypto.createSigner(bytes.subarray(32)).sign(text))).toBe('argument')
    })

    test('seeds of another length are the caller’s mistake', () => {
      for (const length of [0, 31, 33, 64])
        for (const work of [crypto.publicKeyFromSeed, crypto.createSigner, crypto.ed25519SeedToX25519])
          expect(codeOf(() => work(new Uint8Array(length)))).toBe('argument')
      expect(codeOf(() => crypto.sign(new Uint8Array(1), new Uint8Array(64)))).toBe('argument')
    })

    test('a seed array that is overwritten is another key', () => {
      const seed = new Uint8Array(32).fill(5)
      const first = crypto.sign(utf8('hello'), seed)
      expect(crypto.sign(utf8('hello'), seed)).toEqual(first)
      seed.fill(7)
      expect(crypto.sign(utf8('hello'), seed)).toEqual(crypto.sign(utf8('hello'), new Uint8Array(32).fill(7)))
    })

    test('generated keys belong together and differ', () => {
      const pair = crypto.generateKeyPair()
      expect(crypto.publicKeyFromSeed(pair.seed)).toEqual(pair.publicKey)
      expect(crypto.verify(crypto.sign(utf8('hello'), pair.seed), utf8('hello'), pair.publicKey)).toBe(true)
      expect(crypto.generateKeyPair().seed).not.toEqual(pair.seed)
      expect(crypto.generateSeed()).toHaveLength(32)
      expect(crypto.generateSeed()).not.toEqual(crypto.generateSeed())
    })

    test('results are plain Uint8Arrays that own their memory', () => {
      const pair = crypto.generateKeyPair()
      const all = [pair.seed, pair.publicKey, crypto.sign(utf8('hello'), pair.seed), crypto.sha512(utf8('hello'))]
      for (const bytes of all) {
        expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
        expect(bytes.buffer.byteLength).toBe(bytes.length)
      }
    })
  })

  describe('Signer', () => {
    const seed = Uint8Array.from({ length: 32 }, (_, at) => 0xa0 + at)
    const seedHex = toHex(seed)

    test('agrees with X25519 of the converted keys', () => {
      const alice = crypto.createSigner(seed)
      const bob = crypto.generateX25519KeyPair()
      const secret = crypto.x25519(bob.privateKey, crypto.ed25519PublicKeyToX25519(alice.publicKey))
      expect(alice.agree(bob.publicKey)).toEqual(secret)
      expect(alice.agree(bob.publicKey)).toEqual(secret)
    })

    test('does not follow later changes of the seed array', () => {
      const mine = seed.slice()
      const signer = crypto.createSigner(mine)
      const before = signer.sign(utf8('hello'))
      const peer = crypto.x25519PublicKey(new Uint8Array(32).fill(6))
      mine.fill(0)
      expect(signer.sign(utf8('hello'))).toEqual(before)
      expect(signer.agree(peer)).toEqual(crypto.createSigner(seed).agree(peer))
    })

    test('shows its public key and nothing else', () => {
      const signer = crypto.createSigner(seed)
      signer.agree(crypto.x25519PublicKey(new Uint8Array(32).fill(6)))
      expect(Object.keys(signer)).toEqual(['publicKey'])
      const decimals = Array.from(seed.subarray(0, 4)).join(',')
      for (const shown of [JSON.stringify(signer), String(signer), toHex(structuredClone({ ...signer }).publicKey)]) {
        expect(shown).not.toContain(decimals)
        expect(shown).not.toContain(seedHex.slice(0, 8))
      }
    })
  })

  describe('Ed25519 to X25519', () => {
    test.each([
      ['01', '5ce86efb', '1b1b58dd50ea14b60da17b790cd02754d970c9bab864ebb3c0f3016fe51d3f57'],
      ['02', 'aa3c626b', '60346e7c911a5f6ba154129174cafe75b294ac3bbd5549632f48cec6266f8410'],
      ['03', '98aebbb1', '75e270df2952c57ba8367ba8618c178f9fe50db2799d304e74e918d985686146'],
      ['04', '4b3e3c14', 'edd03cade80d29de6ea313a74ab369f4732ecb36649066b78b5b2dd664cb0417'],
    ])('seed of 32 bytes %s (Yggdrasil protocol §8.1)', (byte, unclampedHead, x25519Public) => {
      const seed = hex(byte.repeat(32))
      const privateKey = crypto.ed25519SeedToX25519(seed)
      expect(toHex(privateKey.subarray(1, 4))).toBe(unclampedHead.slice(2))
      expect((privateKey[0] as number) & 7).toBe(0)
      expect((privateKey[31] as number) & 0xc0).toBe(0x40)
      expect(toHex(crypto.ed25519PublicKeyToX25519(crypto.publicKeyFromSeed(seed)))).toBe(x25519Public)
      expect(toHex(crypto.x25519PublicKey(privateKey))).toBe(x25519Public)
    })

    test('what is no point, or the neutral one, is not converted', () => {
      expect(codeOf(() => crypto.ed25519PublicKeyToX25519(new Uint8Array(32).fill(2)))).toBe('point')
      expect(codeOf(() => crypto.ed25519PublicKeyToX25519(hex(`01${'00'.repeat(31)}`)))).toBe('point')
      expect(codeOf(() => crypto.ed25519PublicKeyToX25519(new Uint8Array(31)))).toBe('argument')
    })
  })
}
