import { constants, publicEncrypt } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import * as node from '../src/rsa/node.js'
import { unpadEncryption } from '../src/rsa/padding.js'
import * as portable from '../src/rsa/portable.js'
import { accounts } from './rsa-vectors.js'
import { rsaSuite } from './suites/rsa.js'

// A name that one build lacks, or has with another type, fails to compile here.
const nodeAsPortable: typeof portable = node
const portableAsNode: typeof node = portable

afterEach(() => vi.unstubAllGlobals())

describe('RSA, the build for Node', () => rsaSuite(node))

describe('both builds', () => {
  test('export the same names', () => {
    expect(Object.keys(nodeAsPortable).sort()).toEqual(Object.keys(portableAsNode).sort())
  })

  const small = accounts[2]
  const holders = [node, portable].map((rsa) => rsa.importRsaPrivateKey(small.privatePem))

  test('sign, verify and decrypt alike, wrong input included', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ minLength: 120, maxLength: 130 }),
        (message, noise) => {
          const [first, second] = holders.map((holder) => holder.signSha1(message))
          expect(first).toEqual(second)
          for (const { publicKey } of holders) {
            expect(publicKey.verifySha1(first as Uint8Array, message)).toBe(true)
            expect(publicKey.verifySha1(noise, message)).toBe(false)
          }
          const [one, other] = holders.map((holder) => holder.decrypt(noise))
          expect(one).toEqual(other)
        },
      ),
      { seed: 0x70696d, numRuns: 40 },
    )
  })

  /** A block under the raw public operation: what a server that plays with the padding sends. */
  function sealed(block: readonly number[]): Uint8Array {
    const bytes = Buffer.from(block)
    return new Uint8Array(publicEncrypt({ key: small.publicPem, padding: constants.RSA_NO_PADDING }, bytes))
  }

  const filler = (length: number) => Array.from({ length }, () => 7)
  test.each([
    ['all in order', [0, 2, ...filler(8), 0, ...filler(117)], filler(117)],
    ['no text', [0, 2, ...filler(125), 0], []],
    ['a zero in the text', [0, 2, ...filler(8), 0, 1, 0, ...filler(115)], [1, 0, ...filler(115)]],
    ['seven bytes of padding', [0, 2, ...filler(7), 0, ...filler(118)], undefined],
    ['no padding', [0, 2, 0, ...filler(125)], undefined],
    ['no end of the padding', [0, 2, ...filler(126)], undefined],
    ['type 1', [0, 1, ...filler(8), 0, ...filler(117)], undefined],
    ['a first byte that is not zero', [1, 2, ...filler(8), 0, ...filler(117)], undefined],
  ])('a block with %s', (_, block, text) => {
    const expected = text && Uint8Array.from(text)
    expect(unpadEncryption(Uint8Array.from(block))).toEqual(expected)
    for (const holder of holders) expect(holder.decrypt(sealed(block))).toEqual(expected)
  })

  test('where a runtime makes no keys, it says so, and imports them all the same', async () => {
    vi.stubGlobal('crypto', { getRandomValues: globalThis.crypto.getRandomValues.bind(globalThis.crypto) })
    await expect(portable.generateRsaPrivateKey()).rejects.toMatchObject({ code: 'key-capability' })
    expect(portable.importRsaPrivateKey(small.privatePem).publicKey.pem).toBe(small.publicPem)
  })
})
