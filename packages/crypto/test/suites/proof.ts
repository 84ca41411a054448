import { describe, expect, test } from 'vitest'
import { nextTurn } from '../../src/proof/turn.js'
import { codeOf, codeOfRejection, type Suite, toHex } from '../helpers.js'

const ENGINES = ['wasm-simd', 'js'] as const
const NONCE = new Uint8Array(32).fill(2)

export function proofSuite(crypto: Suite): void {
  describe.each(ENGINES)('a proof of work by a signer, %s', (engine) => {
    const signer = crypto.createSigner(new Uint8Array(32).fill(1))

    function expectProof(nonce: Uint8Array, { counter, signature }: { counter: number; signature: Uint8Array }): void {
      expect(counter).toBe(0)
      expect(signature).toHaveLength(64)
      expect(crypto.isProofOfWork(signature)).toBe(true)
      expect(crypto.verify(signature, Uint8Array.of(...nonce, 0, 0, 0, 0), signer.publicKey)).toBe(true)
    }

    test('is a valid signature that passes the filter, another one each time', async () => {
      const seen = new Set<string>()
      for (let round = 0; round < 3; round++) {
        const proof = await crypto.proofOfWork(signer, NONCE, { engine })
        expectProof(NONCE, proof)
        seen.add(toHex(proof.signature))
      }
      expect(seen.size).toBe(3)
    })

    test('is for the nonce as it was when it was asked for', async () => {
      const nonce = NONCE.slice()
      const proof = signer.signProofOfWork(nonce, { engine })
      nonce.fill(9)
      expectProof(NONCE, await proof)
    })

    test('can be prepared, and is then good for one nonce', async () => {
      const prepared = await signer.prepareProofOfWork({ engine })
      expect(codeOf(() => prepared.finish(new Uint8Array(31)))).toBe('argument')
      expectProof(NONCE, prepared.finish(NONCE))
      expect(codeOf(() => prepared.finish(NONCE))).toBe('finished')
      expect(codeOf(() => prepared.finish(new Uint8Array(32)))).toBe('finished')
      prepared.discard()
    })

    test('is gone when it is discarded', async () => {
      const prepared = await signer.prepareProofOfWork({ engine })
      prepared.discard()
      prepared.discard()
      expect(codeOf(() => prepared.finish(NONCE))).toBe('finished')
    })

    test('stops when it is told to, before and in between', async () => {
      const reason = new Error('left the page')
      await expect(signer.signProofOfWork(NONCE, { engine, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      const controller = new AbortController()
      const running = signer.prepareProofOfWork({ engine, signal: controller.signal })
      controller.abort(reason)
      await expect(running).rejects.toBe(reason)
    })

    test('needs 32 bytes of nonce', async () => {
      for (const length of [0, 31, 33, 64]) {
        const nonce = new Uint8Array(length)
        expect(await codeOfRejection(signer.signProofOfWork(nonce, { engine }))).toBe('argument')
        expect(await codeOfRejection(crypto.proofOfWork(signer, nonce, { engine }))).toBe('argument')
      }
    })
  })

  describe('a proof of work by signing again and again', () => {
    /** Signs nothing; passes at one counter. */
    function passingAt(hit: number, sign = (bytes: Uint8Array): Uint8Array | Promise<Uint8Array> => bytes) {
      const counters: number[] = []
      const signer = {
        publicKey: new Uint8Array(32),
        sign(message: Uint8Array) {
          const counter = new DataView(message.buffer, message.byteOffset).getUint32(32)
          counters.push(counter)
          return sign(new Uint8Array(64).fill(counter === hit ? 0 : 7))
        },
      }
      return { signer, counters }
    }

    test('counts from 0 upwards, with signers near and far', async () => {
      for (const sign of [undefined, async (bytes: Uint8Array) => bytes]) {
        const { signer, counters } = passingAt(50, sign)
        expect(await crypto.proofOfWork(signer, NONCE)).toEqual({ counter: 50, signature: new Uint8Array(64) })
        expect(counters).toEqual(Array.from({ length: 51 }, (_, counter) => counter))
      }
    })

    test('gives the event loop its turns, and stops when it is told to', async () => {
      const { signer, counters } = passingAt(-1)
      const controller = new AbortController()
      const reason = new Error('enough')
      const running = crypto.proofOfWork(signer, NONCE, { signal: controller.signal })
      for (let turn = 0; turn < 3; turn++) await nextTurn()
      controller.abort(reason)
      await expect(running).rejects.toBe(reason)
      expect(counters.length).toBeLessThan(1_000)
    })

    test('gives way to a signer with a search of its own', async () => {
      const proof = { counter: 3, signature: new Uint8Array(64) }
      const { signer, counters } = passingAt(0)
      const handed: unknown[] = []
      const searching = {
        ...signer,
        async signProofOfWork(...args: unknown[]) {
          handed.push(...args)
          return proof
        },
      }
      const options = { signal: new AbortController().signal }
      expect(await crypto.proofOfWork(searching, NONCE, options)).toBe(proof)
      expect([handed, counters]).toEqual([[NONCE, options], []])
    })
  })

  test('the filter of a server', () => {
    const signature = new Uint8Array(64)
    expect(crypto.isProofOfWork(signature)).toBe(true)
    expect(crypto.isProofOfWork(Uint8Array.of(0, 1))).toBe(false)
    expect(crypto.isProofOfWork(Uint8Array.of(1, 0))).toBe(false)
    expect(crypto.isProofOfWork(new Uint8Array(1))).toBe(false)
    expect(codeOf(() => crypto.isProofOfWork('' as unknown as Uint8Array))).toBe('argument')
  })
}
