import type { ProofOfWork, ProofOfWorkOptions, Signer } from '../types.js'
import { isProofOfWork, proofMessage, requireNonce } from './rules.js'
import { nextTurn } from './turn.js'

/** With node:crypto 0.2 ms, with noble 4 ms. */
const SIGNATURES_PER_TURN = 10
const LAST_COUNTER = 0xffff_ffff

/**
 * The way of the originals: sign with one counter after the other until the filter lets a signature pass. 65,536
 * signatures on average.
 */
export async function proofByLoop(
  signer: Signer,
  nonce: Uint8Array,
  options: ProofOfWorkOptions = {},
): Promise<ProofOfWork> {
  requireNonce(nonce)
  for (let counter = 0; counter <= LAST_COUNTER; counter++) {
    if (counter % SIGNATURES_PER_TURN === 0) {
      await nextTurn()
      options.signal?.throwIfAborted()
    }
    const signed = signer.sign(proofMessage(nonce, counter))
    const signature = signed instanceof Uint8Array ? signed : await signed
    if (isProofOfWork(signature)) return { counter, signature }
  }
  throw new RangeError('no counter of 32 bits gives a signature that passes')
}

/**
 * The proof of work that a mediator asks for: by the signer's own search where it has one, else by signing in a loop.
 * The caller's event loop is never held up for long.
 * @param nonce - the mediator's, 32 bytes
 * @throws {CryptoError} `argument`; the reason of `signal` when it is aborted; what the signer throws
 */
export async function proofOfWork(
  signer: Signer,
  nonce: Uint8Array,
  options: ProofOfWorkOptions = {},
): Promise<ProofOfWork> {
  requireNonce(nonce)
  return signer.signProofOfWork === undefined
    ? await proofByLoop(signer, nonce, options)
    : await signer.signProofOfWork(nonce, options)
}
