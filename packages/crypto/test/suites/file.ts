import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CHUNK, decryptFile, encryptFile, FILE_KEY, FILE_SIZES, patternFile, STORED, storedForm } from '../files.js'
import { codeOf, SeededBytes, type Suite } from '../helpers.js'

/** Of the last size above. */
const CUTS: readonly (readonly number[])[] = [
  [],
  ...[1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 15, STORED, CHUNK + 17, STORED + 16, STORED + 17].map(
    (cut) => [cut],
  ),
  ...[2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 2 * CHUNK + 4, 2 * STORED - 1].map((cut) => [cut]),
  [0, 0, 7, 7, CHUNK, CHUNK, 2 * CHUNK],
  [1, CHUNK - 1, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK + 1],
  Array.from({ length: 31 }, (_, at) => (at + 1) * 65_536),
]

export function fileSuite(crypto: Suite): void {
  const plaintext = patternFile(2 * CHUNK + 5)
  const stored = storedForm(crypto, FILE_KEY, plaintext)
  /** Arrays of megabytes, which the matchers of the runner compare for seconds. */
  const expectSame = (a: Uint8Array, b: Uint8Array) => expect(crypto.equalConstantTime(a, b)).toBe(true)

  describe('sizes of files', () => {
    test.each([
      [0, 0, 0],
      [1, 17, 1],
      [CHUNK - 1, CHUNK + 15, 1],
      [CHUNK, CHUNK + 16, 1],
      [CHUNK + 1, CHUNK + 33, 2],
      [2 * CHUNK + 5, 2 * CHUNK + 53, 3],
      [2 ** 52, 2 ** 52 + 2 ** 36, 2 ** 32],
      [2 ** 52 - 1, 2 ** 52 - 1 + 2 ** 36, 2 ** 32],
      [2 ** 52 - CHUNK + 1, 2 ** 52 - CHUNK + 1 + 2 ** 36, 2 ** 32],
    ])('%s bytes are %s stored, %s chunks', (plainBytes, encryptedBytes, chunks) => {
      expect(crypto.encryptedFileSize(plainBytes)).toBe(encryptedBytes)
      expect(crypto.plainFileSize(encryptedBytes)).toBe(plainBytes)
      expect(crypto.fileChunkCount(plainBytes)).toBe(chunks)
    })

    test('one is the inverse of the other', () => {
      fc.assert(
        fc.property(fc.maxSafeNat(), fc.integer({ min: -40, max: 40 }), (any, near) => {
          const border = (any % 2 ** 32) * CHUNK + near
          for (const plainBytes of [any % (crypto.FILE_MAX_BYTES + 1), Math.max(0, border)])
            expect(crypto.plainFileSize(crypto.encryptedFileSize(plainBytes))).toBe(plainBytes)
        }),
        { seed: 1, numRuns: 500 },
      )
    })

    test('a stored form with a last chunk of 1 to 16 bytes is none', () => {
      for (const whole of [0, STORED, 1_000 * STORED])
        for (let rest = 1; rest <= 16; rest++)
          expect(codeOf(() => crypto.plainFileSize(whole + rest))).toBe('authentication')
    })

    test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('%s is no size', (size) => {
      for (const work of [crypto.encryptedFileSize, crypto.plainFileSize, crypto.fileChunkCount])
        expect(codeOf(() => work(size))).toBe('argument')
    })

    test('the ceiling is exact', () => {
      expect(codeOf(() => crypto.encryptedFileSize(2 ** 52 + 1))).toBe('argument')
      expect(codeOf(() => crypto.plainFileSize(2 ** 52 + 2 ** 36 + 1))).toBe('argument')
    })
  })

  describe('an encrypted file', () => {
    test.each(FILE_SIZES)('of %s bytes is what the specification says, and comes back', (length) => {
      const plain = plaintext.subarray(0, length)
      const encrypted = encryptFile(crypto, plain)
      expectSame(encrypted.bytes, storedForm(crypto, FILE_KEY, plain))
      expect(encrypted.sha256).toEqual(crypto.sha256(encrypted.bytes))
      expect(encrypted.plainBytes).toBe(length)
      expect(encrypted.encryptedBytes).toBe(crypto.encryptedFileSize(length))
      const decrypted = decryptFile(crypto, encrypted.bytes, [], { sha256: encrypted.sha256, plainBytes: length })
      expectSame(decrypted.bytes, plain)
      expect([decrypted.plainBytes, decrypted.encryptedBytes]).toEqual([length, encrypted.encryptedBytes])
      expect(decrypted.sha256).toEqual(encrypted.sha256)
    })

    test.each(CUTS.map((cuts) => ({ cuts })))('is the same, cut at $cuts', ({ cuts }) => {
      expectSame(encryptFile(crypto, plaintext, cuts).bytes, stored)
      expectSame(decryptFile(crypto, stored, cuts).bytes, plaintext)
    })

    test('is the same, cut anywhere', () => {
      const border = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: -40, max: 40 }))
      const cut = fc.oneof(
        fc.nat(plaintext.length),
        border.map(([whole, near]) => Math.min(Math.max(0, whole * STORED + near), plaintext.length)),
      )
      fc.assert(
        fc.property(fc.array(cut, { maxLength: 12 }), (cuts) => {
          expectSame(encryptFile(crypto, plaintext, cuts).bytes, stored)
          expectSame(decryptFile(crypto, stored, cuts).bytes, plaintext)
        }),
        { seed: 16, numRuns: 10 },
      )
    })

    test('is the same byte by byte', () => {
      const bytes = plaintext.subarray(0, 300)
      const each = Array.from(bytes, (_, at) => at)
      const encrypted = encryptFile(crypto, bytes, each)
      expectSame(encrypted.bytes, storedForm(crypto, FILE_KEY, bytes))
      expectSame(decryptFile(crypto, encrypted.bytes, each).bytes, bytes)
    })

    test('comes out as soon as a chunk is complete, each chunk in memory of its own', () => {
      const encryptor = crypto.createFileEncryptor(FILE_KEY)
      expect(encryptor.push(plaintext.subarray(0, CHUNK - 1))).toEqual([])
      const [first, ...none] = encryptor.push(plaintext.subarray(CHUNK - 1, CHUNK))
      expect([first?.length, first?.buffer.byteLength, none.length]).toEqual([STORED, STORED, 0])
      expect(encryptor.push(plaintext.subarray(CHUNK)).map(({ length }) => length)).toEqual([STORED])
      const { lastChunk } = encryptor.finish()
      expect([lastChunk?.length, lastChunk?.buffer.byteLength]).toEqual([21, 21])

      const decryptor = crypto.createFileDecryptor(FILE_KEY)
      expect(decryptor.push(stored.subarray(0, STORED - 1))).toEqual([])
      const [opened] = decryptor.push(stored.subarray(STORED - 1, STORED))
      expect([opened?.length, opened?.buffer.byteLength]).toEqual([CHUNK, CHUNK])
    })

    test('ends without a last chunk on a border, and when it is empty', () => {
      const onBorder = crypto.createFileEncryptor(FILE_KEY)
      expect(onBorder.push(plaintext.subarray(0, CHUNK))).toHaveLength(1)
      expect(onBorder.finish().lastChunk).toBeUndefined()
      for (const empty of [crypto.createFileEncryptor(FILE_KEY), crypto.createFileDecryptor(FILE_KEY)]) {
        expect(empty.push(new Uint8Array(0))).toEqual([])
        const file = {
          lastChunk: undefined,
          sha256: crypto.sha256(new Uint8Array(0)),
          plainBytes: 0,
          encryptedBytes: 0,
        }
        expect(empty.finish()).toEqual(file)
      }
    })

    test('depends on the key alone, which it copies and leaves as it is', () => {
      const key = FILE_KEY.slice()
      const [encryptor, decryptor] = [crypto.createFileEncryptor(key), crypto.createFileDecryptor(key)]
      key.fill(0)
      const bytes = plaintext.subarray(0, 100)
      encryptor.push(bytes)
      const { lastChunk } = encryptor.finish()
      expect(lastChunk).toEqual(crypto.sealFileChunk(FILE_KEY, 0, bytes))
      decryptor.push(lastChunk as Uint8Array)
      expect(decryptor.finish().lastChunk).toEqual(bytes)
      encryptFile(crypto, bytes)
      expect(FILE_KEY).toEqual(new Uint8Array(32).fill(7))
      expect(encryptFile(crypto, bytes, [], new Uint8Array(32)).bytes).not.toEqual(lastChunk)
    })

    test('leaves the pieces as they are', () => {
      const [plain, sealed] = [plaintext.slice(), stored.slice()]
      crypto.createFileEncryptor(FILE_KEY).push(plain)
      crypto.createFileDecryptor(FILE_KEY).push(sealed)
      expectSame(plain, plaintext)
      expectSame(sealed, stored)
    })
  })

  describe('a damaged file', () => {
    const random = new SeededBytes(18)
    const whole = { sha256: crypto.sha256(stored), plainBytes: plaintext.length }

    test.each([1, 16, 17, 18, STORED - 1, STORED + 1, STORED + 16, STORED + 17, 2 * STORED + 1, 2 * STORED + 16])(
      'cut within a chunk, after %s bytes, does not open',
      (length) => {
        expect(codeOf(() => decryptFile(crypto, stored.subarray(0, length)))).toBe('authentication')
      },
    )

    test.each([0, STORED, 2 * STORED])('cut between two chunks, after %s bytes, differs only as a whole', (length) => {
      const cut = stored.subarray(0, length)
      const { bytes, sha256, plainBytes } = decryptFile(crypto, cut)
      expectSame(bytes, plaintext.subarray(0, plainBytes))
      expect(sha256).toEqual(crypto.sha256(cut))
      expect(codeOf(() => decryptFile(crypto, cut, [], { sha256: whole.sha256 }))).toBe('authentication')
      expect(codeOf(() => decryptFile(crypto, cut, [], { plainBytes: whole.plainBytes }))).toBe('authentication')
      expect(codeOf(() => decryptFile(crypto, cut, [], whole))).toBe('authentication')
      expect(decryptFile(crypto, cut, [], { sha256, plainBytes }).plainBytes).toBe(plainBytes)
    })

    test('with a byte behind it does not open', () => {
      const longer = new Uint8Array(stored.length + 1)
      longer.set(stored)
      expect(codeOf(() => decryptFile(crypto, longer))).toBe('authentication')
    })

    test('with any one bit turned over does not open', () => {
      const small = storedForm(crypto, FILE_KEY, plaintext.subarray(0, 40))
      for (let round = 0; round < 60; round++)
        expect(codeOf(() => decryptFile(crypto, random.flipped(small)))).toBe('authentication')
      for (const at of [0, CHUNK - 1, CHUNK, STORED - 1, STORED, 2 * STORED - 1, 2 * STORED, stored.length - 1]) {
        const altered = stored.slice()
        altered[at] = (altered[at] as number) ^ (1 << random.below(8))
        expect(codeOf(() => decryptFile(crypto, altered))).toBe('authentication')
      }
      expect(codeOf(() => decryptFile(crypto, small, [], {}, random.flipped(FILE_KEY)))).toBe('authentication')
    })

    test('with two chunks exchanged does not open', () => {
      const exchanged = stored.slice()
      exchanged.set(stored.subarray(STORED, 2 * STORED))
      exchanged.set(stored.subarray(0, STORED), STORED)
      expect(() => decryptFile(crypto, exchanged)).toThrow('chunk 0 ')
    })

    test('names the chunk, and gives nothing of what came with it', () => {
      const altered = stored.slice()
      altered[STORED] = (altered[STORED] as number) ^ 1
      const decryptor = crypto.createFileDecryptor(FILE_KEY)
      expect(() => decryptor.push(altered)).toThrow(
        expect.objectContaining({ code: 'authentication', message: expect.stringContaining('chunk 1 ') as string }),
      )
      expect(codeOf(() => decryptor.push(stored))).toBe('finished')
      expect(codeOf(() => decryptor.finish())).toBe('finished')
    })

    test('that was not the one expected is at its end', () => {
      const decryptor = crypto.createFileDecryptor(FILE_KEY)
      decryptor.push(stored.subarray(0, STORED))
      expect(codeOf(() => decryptor.finish(whole))).toBe('authentication')
      expect(codeOf(() => decryptor.finish())).toBe('finished')
    })
  })

  describe('one chunk', () => {
    const chunkAt = (index: number) => stored.subarray(index * STORED, (index + 1) * STORED)
    const plainAt = (index: number) => plaintext.subarray(index * CHUNK, (index + 1) * CHUNK)

    test.each([0, 1, 2])('%s is sealed and opened without the others', (index) => {
      expectSame(crypto.sealFileChunk(FILE_KEY, index, plainAt(index)), chunkAt(index))
      expectSame(crypto.openFileChunk(FILE_KEY, index, chunkAt(index)), plainAt(index))
    })

    test('opens in its place only', () => {
      for (const index of [0, 1, 3, 256, 2 ** 32 - 1])
        expect(codeOf(() => crypto.openFileChunk(FILE_KEY, index, chunkAt(2)))).toBe('authentication')
    })

    test('an upload goes on at any offset, and gives the same bytes', () => {
      for (const offset of [0, 1, 65_536, STORED - 1, STORED, STORED + 1, 2 * STORED, stored.length - 1]) {
        const index = Math.floor(offset / crypto.ENCRYPTED_FILE_CHUNK_BYTES)
        const chunk = crypto.sealFileChunk(FILE_KEY, index, plainAt(index))
        expectSame(
          chunk.subarray(offset % crypto.ENCRYPTED_FILE_CHUNK_BYTES),
          stored.subarray(offset, (index + 1) * STORED),
        )
      }
    })

    test('is never empty, never longer than it may be', () => {
      for (const length of [0, CHUNK + 1])
        expect(codeOf(() => crypto.sealFileChunk(FILE_KEY, 0, new Uint8Array(length)))).toBe('argument')
      for (let length = 0; length <= 16; length++)
        expect(codeOf(() => crypto.openFileChunk(FILE_KEY, 0, new Uint8Array(length)))).toBe('authentication')
      expect(codeOf(() => crypto.openFileChunk(FILE_KEY, 0, new Uint8Array(STORED + 1)))).toBe('argument')
      const tagOfNothing = crypto.chacha20Poly1305Seal(FILE_KEY, new Uint8Array(12), new Uint8Array(0))
      expect(codeOf(() => crypto.openFileChunk(FILE_KEY, 0, tagOfNothing))).toBe('authentication')
    })

    test.each([-1, 0.5, Number.NaN, 2 ** 32])('%s is no index', (index) => {
      expect(codeOf(() => crypto.sealFileChunk(FILE_KEY, index, plainAt(2)))).toBe('argument')
      expect(codeOf(() => crypto.openFileChunk(FILE_KEY, index, chunkAt(2)))).toBe('argument')
    })
  })

  describe('misuse of files', () => {
    test.each([0, 16, 31, 33, 64])('a key of %s bytes is refused', (length) => {
      const key = new Uint8Array(length)
      expect(codeOf(() => crypto.createFileEncryptor(key))).toBe('argument')
      expect(codeOf(() => crypto.createFileDecryptor(key))).toBe('argument')
      expect(codeOf(() => crypto.sealFileChunk(key, 0, plaintext.subarray(0, 1)))).toBe('argument')
      expect(codeOf(() => crypto.openFileChunk(key, 0, stored.subarray(0, 17)))).toBe('argument')
    })

    test('nothing follows the end', () => {
      for (const stream of [crypto.createFileEncryptor(FILE_KEY), crypto.createFileDecryptor(FILE_KEY)]) {
        stream.finish()
        expect(codeOf(() => stream.finish())).toBe('finished')
        expect(codeOf(() => stream.push(new Uint8Array(1)))).toBe('finished')
      }
    })

    test('a mistake in an argument ends nothing', () => {
      const decryptor = crypto.createFileDecryptor(FILE_KEY)
      for (const value of ['text', undefined, null, 7, [1], new ArrayBuffer(4)])
        expect(codeOf(() => decryptor.push(value as unknown as Uint8Array))).toBe('argument')
      decryptor.push(stored.subarray(2 * STORED).slice(0, 0))
      expect(codeOf(() => decryptor.finish({ sha256: new Uint8Array(31) }))).toBe('argument')
      expect(codeOf(() => decryptor.finish({ plainBytes: -1 }))).toBe('argument')
      decryptor.push(stored)
      expect(decryptor.finish({ plainBytes: plaintext.length }).encryptedBytes).toBe(stored.length)
    })
  })
}
