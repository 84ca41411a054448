// What only Node can tell: the vector of the specification by the plain loop, and another verifier.
import { verify as nodeVerify } from 'node:crypto'
import { inspect } from 'node:util'
import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import { publicJwk } from '../src/native/keys.js'
import * as node from '../src/node.js'
import * as portable from '../src/portable.js'
import { loadEngine } from '../src/proof/engine.js'
import { find, prepareProof } from '../src/proof/prepare.js'
import { Walk } from '../src/proof/walk.js'
import { codeOf, toHex } from './helpers.js'

const SEED = new Uint8Array(32).fill(1)
const NONCE = new Uint8Array(32).fill(2)

test('the loop ends where the specification says', async () => {
  const real = node.createSigner(SEED)
  // A whole run takes some seconds, and has been made: no counter below 170,000 passes.
  const signer = {
    publicKey: real.publicKey,
    sign(message: Uint8Array): Uint8Array {
      const counter = new DataView(message.buffer, message.byteOffset).getUint32(32)
      return counter < 170_000 ? new Uint8Array(64).fill(1) : real.sign(message)
    },
  }
  const { counter, signature } = await node.proofOfWork(signer, NONCE)
  expect(counter).toBe(171_224)
  expect(toHex(signature)).toBe(
    '0000858b77aa53266c569d4b3b1644664544e842fe6f29346ff9f55c8848df51' +
      '7655ff27224c57a62ddb92fee0db8c22bc30246baa08ae8cd67ac142f73f2b02',
  )
})

describe.each([
  ['node', node],
  ['portable', portable],
])('a proof of the %s build', (_, crypto) => {
  test.each(['wasm-simd', 'js'] as const)('is one for OpenSSL and for noble, %s', async (engine) => {
    for (let round = 0; round < 4; round++) {
      const signer = crypto.createSigner(crypto.generateSeed())
      const nonce = crypto.randomBytes(32)
      const { signature } = await signer.signProofOfWork(nonce, { engine })
      const message = Uint8Array.of(...nonce, 0, 0, 0, 0)
      expect(nodeVerify(null, message, publicJwk('Ed25519', signer.publicKey), signature)).toBe(true)
      expect(ed25519.verify(signature, message, signer.publicKey, { zip215: false })).toBe(true)
      expect(toHex(signature.subarray(0, 2))).toBe('0000')
    }
  })

  test('does not show its secret before it is used', async () => {
    const prepared = await crypto.createSigner(SEED).prepareProofOfWork()
    const shown = inspect(prepared, { showHidden: true, depth: 9 })
    expect(shown).not.toMatch(/\d+, \d+/)
    expect(structuredClone(prepared)).toEqual({})
    expect(JSON.stringify(prepared)).toBe('{}')
  })
})

describe('inside', () => {
  const key = (changes: object = {}) => {
    const publicKey = node.publicKeyFromSeed(SEED)
    return { seed: SEED.slice(), publicKey, sha512: node.sha512, verify: node.verify, ...changes }
  }

  test('a signature that does not verify is not given out, and cannot be had again', async () => {
    const prepared = await prepareProof(key({ verify: () => false }))
    expect(codeOf(() => prepared.finish(NONCE))).toBe('self-check')
    expect(codeOf(() => prepared.finish(NONCE))).toBe('finished')
  })

  test('points that the walk is wrong about are passed over', async () => {
    const walk = new Walk(await loadEngine('js'))
    const start = 3n ** 150n
    const right: number[] = []
    for (const step of walk.search(start, 16)) {
      if (step === undefined) continue
      right.push(step)
      break
    }
    const doubtful = {
      search: () => [1, undefined, 2, ...right][Symbol.iterator]() as Generator<number | undefined, never>,
      multiplyBase: (scalar: bigint) => walk.multiplyBase(scalar),
    }
    const found = [...find(key(), doubtful, start)].filter((prepared) => prepared !== undefined)
    expect(found).toHaveLength(1)
    const { signature } = found[0]?.finish(NONCE) ?? { signature: NONCE }
    expect(node.verify(signature, Uint8Array.of(...NONCE, 0, 0, 0, 0), key().publicKey)).toBe(true)
  })

  test('the start depends on chance, on the key and on the nonce, and on nothing that is ever signed', async () => {
    const hashed: Uint8Array[] = []
    for (const nonce of [NONCE, NONCE, undefined]) {
      const controller = new AbortController()
      const sha512 = (message: Uint8Array): Uint8Array => {
        hashed.push(message.slice())
        controller.abort('seen enough')
        return node.sha512(message)
      }
      await expect(prepareProof(key({ sha512 }), { signal: controller.signal }, nonce)).rejects.toBe('seen enough')
    }
    const secrets = hashed.filter((message) => message.length > 32)
    expect(secrets.map(({ length }) => length)).toEqual([151, 151, 119])
    const prefix = toHex(node.sha512(SEED).subarray(32))
    const parts = secrets.map((secret) => [
      new TextDecoder().decode(secret.subarray(0, 23)),
      toHex(secret.subarray(23, 55)),
      toHex(secret.subarray(119)),
    ])
    const label = 'mimirjs proof of work 1'
    expect(parts.map(([text]) => text)).toEqual([label, label, label])
    expect(parts.map(([, secret]) => secret === prefix)).toEqual([true, true, true])
    expect(new Set(secrets.map((secret) => toHex(secret.subarray(55, 119)))).size).toBe(3)
    expect(parts[0]?.[2]).toBe(toHex(NONCE))
  })
})
