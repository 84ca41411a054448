// Both builds side by side: the same names, the same bytes, the same refusals.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as node from '../src/node.js'
import * as portable from '../src/portable.js'
import { decryptFile, encryptFile, FILE_SIZES, patternFile, STORED } from './files.js'
import { EDGE_LENGTHS, hex, SeededBytes, toHex } from './helpers.js'
import { edgeCases, overlongEncodings, smallOrderEncodings } from './points.js'

// A name that one build lacks, or has with another type, fails to compile here.
const nodeAsPortable: typeof portable = node
const portableAsNode: typeof node = portable

const SEED = 0x6d696d72

/** A result as text: bytes, a value, or the code and message of the error. */
function outcome(work: () => unknown): string {
  try {
    const value = work()
    return value instanceof Uint8Array ? toHex(value) : JSON.stringify(value)
  } catch (error) {
    if (!portable.isCryptoError(error)) throw error
    return `${error.code} (${error.blame}): ${error.message}`
  }
}

/** Run `work` with both builds and compare. */
function same(work: (crypto: typeof portable) => unknown): void {
  expect(outcome(() => work(node))).toBe(outcome(() => work(portable)))
}

const bytes = (constraints: fc.IntArrayConstraints) => fc.uint8Array(constraints)
const exactly = (length: number) => bytes({ minLength: length, maxLength: length })
/** Mostly of the right length, sometimes not. */
const about = (length: number) => fc.oneof({ weight: 9, arbitrary: exactly(length) }, bytes({ maxLength: 2 * length }))

describe('both builds', () => {
  test('export the same names', () => {
    expect(Object.keys(nodeAsPortable).sort()).toEqual(Object.keys(portableAsNode).sort())
  })

  test.each(EDGE_LENGTHS)('hash and seal %s bytes alike', (length) => {
    const random = new SeededBytes(length)
    const [key, nonce, longNonce] = [random.bytes(32), random.bytes(12), random.bytes(24)]
    const message = random.bytes(length)
    const data = random.bytes(length % 1_000)
    same((crypto) => crypto.sha256(message))
    same((crypto) => crypto.sha512(message))
    same((crypto) => crypto.blake2b(message))
    same((crypto) => crypto.blake2b(message, 1 + (length % 64), random.bytes(0)))
    same((crypto) => crypto.blake2b(message, 64, key))
    same((crypto) => crypto.hkdfSha256(message, data, message, 1 + (length % 8_160)))
    same((crypto) => crypto.chacha20Poly1305Seal(key, nonce, message, data))
    same((crypto) => crypto.aes256GcmSeal(key, nonce, message, data))
    same((crypto) => crypto.boxSeal(key, longNonce, message))
    // What one sealed, the other opens.
    const chacha = node.chacha20Poly1305Seal(key, nonce, message, data)
    expect(portable.chacha20Poly1305Open(key, nonce, chacha, data)).toEqual(message)
    same((crypto) => crypto.chacha20Poly1305Open(key, nonce, chacha, data))
    const gcm = portable.aes256GcmSeal(key, nonce, message, data)
    expect(node.aes256GcmOpen(key, nonce, gcm, data)).toEqual(message)
    same((crypto) => crypto.aes256GcmOpen(key, nonce, gcm, data))
    const packet = (crypto: typeof portable) => {
      const target = new Uint8Array(29 + length + 16)
      crypto.aes256GcmSealInto(target, 29, key, nonce, message)
      return target
    }
    same(packet)
    expect(portable.aes256GcmTryOpen(key, nonce, packet(node).subarray(29))).toEqual(message)
    same((crypto) => crypto.aes256GcmTryOpen(key, nonce, packet(portable).subarray(29)))
  })

  test('hash, derive and seal arbitrary input alike, wrong lengths included', () => {
    fc.assert(
      fc.property(
        about(32),
        about(12),
        bytes({ maxLength: 300 }),
        bytes({ maxLength: 70 }),
        fc.nat(200),
        (key, nonce, message, data, size) => {
          same((crypto) => crypto.blake2b(message, size, data))
          same((crypto) => crypto.hkdfSha256(key, data, message, 60 * size))
          same((crypto) => crypto.hkdfSha256(key, undefined, message, size))
          for (const name of ['chacha20Poly1305', 'aes256Gcm'] as const) {
            same((crypto) => crypto[`${name}Seal`](key, nonce, message, data))
            same((crypto) => crypto[`${name}Seal`](key, nonce, message))
            same((crypto) => crypto[`${name}Open`](key, nonce, message, data))
          }
          same((crypto) => crypto.aes256GcmTryOpen(key, nonce, message) ?? 'undefined')
          same((crypto) => {
            const target = new Uint8Array(200)
            crypto.aes256GcmSealInto(target, size, key, nonce, message)
            return target
          })
          same((crypto) => crypto.equalConstantTime(key, nonce))
        },
      ),
      { seed: SEED, numRuns: 60 },
    )
  })

  test('make the same keys, signatures and secrets, and refuse the same ones', () => {
    fc.assert(
      fc.property(about(32), about(32), bytes({ maxLength: 300 }), (seed, other, message) => {
        same((crypto) => crypto.publicKeyFromSeed(seed))
        same((crypto) => crypto.sign(message, seed))
        same((crypto) => crypto.createSigner(seed).sign(message))
        same((crypto) => crypto.createSigner(seed).publicKey)
        same((crypto) => crypto.createSigner(seed).agree(other))
        same((crypto) => crypto.ed25519SeedToX25519(seed))
        same((crypto) => crypto.ed25519PublicKeyToX25519(other))
        same((crypto) => crypto.isPoint(other))
        same((crypto) => crypto.x25519PublicKey(seed))
        same((crypto) => crypto.x25519(seed, other))
        same((crypto) => crypto.boxSharedKey(seed, other))
      }),
      { seed: SEED, numRuns: 25 },
    )
  })

  test('verify honest signatures and near misses alike', () => {
    const random = new SeededBytes(6)
    fc.assert(
      fc.property(exactly(32), bytes({ maxLength: 100 }), about(64), about(32), (seed, message, noise, otherKey) => {
        const signer = node.createSigner(seed)
        const signature = signer.sign(message)
        same((crypto) => crypto.verify(signature, message, signer.publicKey))
        const flippedSignature = random.flipped(signature)
        const flippedKey = random.flipped(signer.publicKey)
        same((crypto) => crypto.verify(flippedSignature, message, signer.publicKey))
        same((crypto) => crypto.verify(signature, message, flippedKey))
        same((crypto) => crypto.verify(noise, message, signer.publicKey))
        same((crypto) => crypto.verify(signature, message, otherKey))
      }),
      { seed: SEED, numRuns: 40 },
    )
  })

  test('verify every edge case alike', () => {
    for (const { kind, signature, message, publicKey } of edgeCases(new SeededBytes(7), 2))
      expect(node.verify(signature, message, publicKey), kind).toBe(portable.verify(signature, message, publicKey))
  })

  test('treat keys of small order and overlong encodings alike', () => {
    const u = hex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800')
    for (const key of [...smallOrderEncodings(), ...overlongEncodings(), u]) {
      same((crypto) => crypto.isPoint(key))
      same((crypto) => crypto.isSmallOrder(key))
      same((crypto) => crypto.ed25519PublicKeyToX25519(key))
      same((crypto) => crypto.x25519(new Uint8Array(32).fill(3), key))
      const highBit = key.slice()
      highBit[31] = (highBit[31] as number) ^ 0x80
      same((crypto) => crypto.x25519(new Uint8Array(32).fill(3), highBit))
    }
  })

  test.each(FILE_SIZES)('encrypt a file of %s bytes alike, and open what the other sealed', (length) => {
    const plaintext = patternFile(length)
    const [key, otherKey] = [new Uint8Array(32).fill(3), new Uint8Array(32).fill(4)]
    same((crypto) => encryptFile(crypto, plaintext, [length >> 1], key).sha256)
    const { bytes, sha256 } = encryptFile(portable, plaintext, [], key)
    same((crypto) => crypto.sha256(decryptFile(crypto, bytes, [], { sha256, plainBytes: length }, key).bytes))
    same((crypto) => crypto.sha256(decryptFile(crypto, bytes, [], {}, otherKey).bytes))
    same((crypto) => decryptFile(crypto, bytes, [], { sha256: otherKey }, key))
    same((crypto) => decryptFile(crypto, bytes, [], { plainBytes: length + 1 }, key))
    for (const cut of [1, 16, 17, length, STORED, STORED + 16])
      same((crypto) => decryptFile(crypto, bytes.subarray(0, cut), [], { sha256 }, key).plainBytes)
  })

  test('seal, open and measure arbitrary chunks alike', () => {
    fc.assert(
      fc.property(about(32), fc.integer(), bytes({ maxLength: 40 }), (key, index, message) => {
        same((crypto) => crypto.sealFileChunk(key, index, message))
        same((crypto) => crypto.openFileChunk(key, index, message))
        same((crypto) => crypto.encryptedFileSize(index))
        same((crypto) => crypto.plainFileSize(index))
        same((crypto) => encryptFile(crypto, message, [3], key).bytes)
        same((crypto) => decryptFile(crypto, message, [3], { plainBytes: index }, key).bytes)
      }),
      { seed: SEED, numRuns: 60 },
    )
  })

  test('seal and open for groups alike, wrong lengths included', () => {
    fc.assert(
      fc.property(about(32), about(12), bytes({ maxLength: 300 }), (key, nonce, message) => {
        for (const cipher of ['rfc8439', 'legacy', 'none' as 'legacy'] as const) {
          same((crypto) => crypto.groupSeal(key, message, cipher, nonce))
          same((crypto) => toHex(crypto.groupOpen(key, message, cipher).plaintext))
          same((crypto) => {
            const { plaintext, cipher: fitting } = portable.groupOpen(
              key,
              crypto.groupSeal(key, message, cipher, nonce),
              'rfc8439',
            )
            return [toHex(plaintext), fitting]
          })
        }
      }),
      { seed: SEED, numRuns: 60 },
    )
  })

  test.each(EDGE_LENGTHS)('seal %s bytes for a group alike', (length) => {
    const random = new SeededBytes(length)
    const [key, nonce, message] = [random.bytes(32), random.bytes(12), random.bytes(length)]
    for (const cipher of ['rfc8439', 'legacy'] as const) same((crypto) => crypto.groupSeal(key, message, cipher, nonce))
  })

  test('wrap the key of a group alike, and refuse the same recipients', () => {
    const [groupKey, random] = [
      new Uint8Array(32).fill(6),
      { ephemeralPrivateKey: new Uint8Array(32).fill(5), nonce: new Uint8Array(12) },
    ]
    for (const publicKey of [...smallOrderEncodings(), ...overlongEncodings(), node.publicKeyFromSeed(groupKey)])
      for (const cipher of ['rfc8439', 'legacy'] as const)
        same((crypto) => crypto.wrapGroupKey(publicKey, groupKey, cipher, random))
    same((crypto) => crypto.wrapGroupKey(groupKey, new Uint8Array(31), 'legacy', random))
    for (const wrong of [
      { ...random, nonce: groupKey },
      { ...random, ephemeralPrivateKey: random.nonce },
    ])
      same((crypto) => crypto.wrapGroupKey(node.publicKeyFromSeed(groupKey), groupKey, 'legacy', wrong))
  })

  test('stop with the same words', () => {
    for (const make of ['createFileEncryptor', 'createFileDecryptor'] as const)
      same((crypto) => {
        const stream = crypto[make](new Uint8Array(32))
        stream.finish()
        stream.push(new Uint8Array(1))
      })
    same((crypto) => {
      const hash = crypto.createSha256()
      hash.digest()
      hash.digest()
    })
  })

  test.each([undefined, null, 'text', 7, [], {}, new ArrayBuffer(32), new Uint16Array(16)])(
    'refuse %s alike',
    (value) => {
      const wrong = value as unknown as Uint8Array
      const right = new Uint8Array(32).fill(9)
      const nonce = new Uint8Array(12)
      same((crypto) => crypto.sha512(wrong))
      same((crypto) => crypto.blake2b(wrong))
      same((crypto) => crypto.sign(wrong, right))
      same((crypto) => crypto.sign(right, wrong))
      same((crypto) => crypto.createSigner(wrong))
      same((crypto) => crypto.createSigner(right).sign(wrong))
      same((crypto) => crypto.createSigner(right).agree(wrong))
      same((crypto) => crypto.verify(wrong, right, right))
      same((crypto) => crypto.isPoint(wrong))
      same((crypto) => crypto.isSmallOrder(wrong))
      same((crypto) => crypto.x25519(wrong, right))
      same((crypto) => crypto.x25519(right, wrong))
      same((crypto) => crypto.boxSharedKey(right, wrong))
      same((crypto) => crypto.ed25519PublicKeyToX25519(wrong))
      same((crypto) => crypto.aes256GcmSeal(right, nonce, wrong))
      same((crypto) => crypto.aes256GcmOpen(wrong, nonce, right))
      same((crypto) => crypto.chacha20Poly1305Open(right, wrong, right))
      same((crypto) => crypto.createSha256().update(wrong))
      same((crypto) => crypto.createFileEncryptor(wrong))
      same((crypto) => crypto.createFileDecryptor(wrong))
      same((crypto) => crypto.createFileEncryptor(right).push(wrong))
      same((crypto) => crypto.createFileDecryptor(right).push(wrong))
      same((crypto) => crypto.sealFileChunk(right, 0, wrong))
      same((crypto) => crypto.openFileChunk(right, 0, wrong))
      same((crypto) => crypto.openFileChunk(right, wrong as unknown as number, right))
      same((crypto) => crypto.hkdfSha256(wrong, undefined, right, 32))
      same((crypto) => crypto.equalConstantTime(right, wrong))
      same((crypto) => crypto.groupSeal(wrong, right, 'rfc8439', nonce))
      same((crypto) => crypto.groupSeal(right, wrong, 'legacy', nonce))
      same((crypto) => crypto.groupOpen(right, wrong, 'legacy'))
      same((crypto) => crypto.wrapGroupKey(wrong, right, 'legacy'))
      same((crypto) => crypto.isProofOfWork(wrong))
    },
  )

  test('one error class serves both', () => {
    expect(node.CryptoError).toBe(portable.CryptoError)
  })
})
