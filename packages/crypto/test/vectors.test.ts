// The published vectors, through both builds.
import { verify as nodeVerify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import { publicJwk } from '../src/native/keys.js'
import * as node from '../src/node.js'
import * as portable from '../src/portable.js'
import { decryptFile, encryptFile, patternFile } from './files.js'
import { codeOf, hex, toHex } from './helpers.js'

/** Members that a file does not have are `undefined`. */
interface Vector {
  readonly name: string
  readonly seed: string
  readonly publicKey: string
  readonly message: string
  readonly signature: string
  readonly valid?: boolean
}

interface FileVector {
  readonly name: string
  readonly key: string
  readonly plainBytes: number
  readonly encryptedBytes: number
  readonly sha256: string
  readonly first16: string
  readonly last16: string
}

interface InvalidFileVector {
  readonly name: string
  readonly key: string
  readonly stored?: string
  readonly from?: string
  readonly encryptedBytes: number
  readonly sha256: string
  readonly foundBy: 'length' | 'tag' | 'whole'
}

interface BoxVector {
  readonly name: string
  readonly sharedKey: string
  readonly counter: string
  readonly nonce: string
  readonly plaintext: string
  readonly sealed: string
}

function vectors<T = Vector>(file: string): T[] {
  return JSON.parse(readFileSync(new URL(`../../../vectors/crypto/${file}`, import.meta.url), 'utf8')) as T[]
}

const files = vectors<FileVector>('files.json')

describe.each([
  ['node', node],
  ['portable', portable],
])('the %s build', (_, crypto) => {
  test.each(vectors('keys.json'))('key $name', ({ seed, publicKey }) => {
    expect(toHex(crypto.publicKeyFromSeed(hex(seed)))).toBe(publicKey)
    expect(crypto.isPoint(hex(publicKey))).toBe(true)
    expect(crypto.isSmallOrder(hex(publicKey))).toBe(false)
  })

  test.each(vectors('signatures.json'))('signature $name', ({ seed, publicKey, message, signature }) => {
    expect(toHex(crypto.createSigner(hex(seed)).sign(hex(message)))).toBe(signature)
    expect(toHex(crypto.createSigner(hex(seed)).publicKey)).toBe(publicKey)
    expect(crypto.verify(hex(signature), hex(message), hex(publicKey))).toBe(true)
  })

  test.each(vectors<Vector & { cofactored: boolean }>('signatures-invalid.json'))(
    'refused: signature $name',
    ({ publicKey, message, signature, cofactored }) => {
      expect(ed25519.verify(hex(signature), hex(message), hex(publicKey), { zip215: true })).toBe(cofactored)
      expect(nodeVerify(null, hex(message), publicJwk('Ed25519', hex(publicKey)), hex(signature))).toBe(false)
      expect(crypto.verify(hex(signature), hex(message), hex(publicKey))).toBe(false)
    },
  )

  test.each(vectors('tracker-records.json'))('record $name', ({ publicKey, message, signature, valid }) => {
    const key = hex(publicKey)
    expect(!crypto.isSmallOrder(key) && crypto.verify(hex(signature), hex(message), key)).toBe(valid)
  })

  test.each(vectors<{ name: string; privateKey: string; publicKey: string; sharedKey: string }>('box-keys.json'))(
    'key of a box $name',
    ({ privateKey, publicKey, sharedKey }) => {
      expect(toHex(crypto.boxSharedKey(hex(privateKey), hex(publicKey)))).toBe(sharedKey)
    },
  )

  test.each(vectors<BoxVector>('boxes.json'))('box $name', ({ sharedKey, counter, nonce, plaintext, sealed }) => {
    expect(toHex(crypto.boxSeal(hex(sharedKey), hex(nonce), hex(plaintext)))).toBe(sealed)
    expect(toHex(crypto.boxOpen(hex(sharedKey), hex(nonce), hex(sealed)))).toBe(plaintext)
    const box = crypto.createCounterBox(hex(sharedKey))
    const out = new Uint8Array(sealed.length / 2)
    expect(box.sealInto(out, 0, BigInt(counter), hex(''), hex(plaintext))).toBe(out.length)
    expect(toHex(out)).toBe(sealed)
    expect(toHex(box.open(BigInt(counter), hex(sealed)) as Uint8Array)).toBe(plaintext)
  })

  test.each(vectors<BoxVector>('boxes-invalid.json'))('refused: box $name', ({ sharedKey, counter, sealed }) => {
    expect(crypto.createCounterBox(hex(sharedKey)).open(BigInt(counter), hex(sealed))).toBeUndefined()
  })

  test.each(vectors<{ name: string; index: string; nonce: string }>('file-nonces.json'))(
    'chunk $name',
    ({ index, nonce }) => {
      const [key, plaintext] = [hex('07'.repeat(32)), hex('0102')]
      const sealed = crypto.chacha20Poly1305Seal(key, hex(nonce), plaintext)
      expect(crypto.sealFileChunk(key, Number(index), plaintext)).toEqual(sealed)
    },
  )

  test.each(files)('file $name', ({ key, plainBytes, encryptedBytes, sha256, first16, last16 }) => {
    const file = encryptFile(crypto, patternFile(plainBytes), [], hex(key))
    expect(toHex(file.sha256)).toBe(sha256)
    expect([file.encryptedBytes, crypto.encryptedFileSize(plainBytes)]).toEqual([encryptedBytes, encryptedBytes])
    expect([toHex(file.bytes.slice(0, 16)), toHex(file.bytes.slice(-16))]).toEqual([first16, last16])
    const expected = { sha256: hex(sha256), plainBytes }
    expect(decryptFile(crypto, file.bytes, [], expected, hex(key)).plainBytes).toBe(plainBytes)
  })

  test.each(vectors<InvalidFileVector>('files-invalid.json'))('refused: file $name', (vector) => {
    const key = hex(vector.key)
    const source = files.find(({ name }) => name === vector.from)
    const original = encryptFile(crypto, patternFile(source?.plainBytes ?? 0), [], key)
    const stored = vector.stored === undefined ? original.bytes.slice(0, vector.encryptedBytes) : hex(vector.stored)
    expect(stored).toHaveLength(vector.encryptedBytes)
    expect(toHex(crypto.sha256(stored))).toBe(vector.sha256)
    const sizeOf = codeOf(() => crypto.plainFileSize(stored.length))
    expect(sizeOf).toBe(vector.foundBy === 'length' ? 'authentication' : 'nothing thrown')
    const alone = codeOf(() => decryptFile(crypto, stored, [], {}, key))
    expect(alone).toBe(vector.foundBy === 'whole' ? 'nothing thrown' : 'authentication')
    const { sha256, plainBytes } = original
    expect(codeOf(() => decryptFile(crypto, stored, [], { sha256, plainBytes }, key))).toBe('authentication')
  })
})
