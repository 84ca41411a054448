import { concatBytes, littleEndian } from '../bytes.js'
import { CryptoError } from '../error.js'
import { ED25519_PUBLIC_KEY_BYTES } from '../lengths.js'
import { clampedHalf } from '../portable/ed25519.js'
import { randomBytes } from '../portable/random.js'
import type { PreparedProofOfWork, ProofOfWork, ProofOfWorkOptions } from '../types.js'
import { loadEngine } from './engine.js'
import { isProofOfWork, proofMessage, requireNonce } from './rules.js'
import { nextTurn } from './turn.js'
import { Walk } from './walk.js'

/** The order of B. Source: RFC 8032 §5.1. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n
const FILTER_BITS = 16
/** The searcher's own counter: the point is varied, not the message. */
const COUNTER = 0
/** In front of everything else, where Ed25519 has the secret prefix: no message ever signed has the same hash. */
const LABEL: Uint8Array = Uint8Array.from('mimirjs proof of work 1', (letter) => letter.charCodeAt(0))

/** What a search needs of a signer. */
export interface ProofKey {
  readonly seed: Uint8Array
  readonly publicKey: Uint8Array
  sha512(message: Uint8Array): Uint8Array
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
}

/**
 * Find a point whose encoding begins with two zero bytes, and its discrete logarithm r: half of a signature.
 *
 * An Ed25519 signature is R ‖ S with R = rB and S = r + H(R ‖ A ‖ M) a modulo the order. RFC 8032 derives r from the key
 * and the message, but no verifier can see how r was made. Signing again and again until R happens to begin with zeros is
 * therefore a slow way of drawing points; this walks from a secret r0 along r0 B, (r0 + 1)B, (r0 + 2)B …, which costs one
 * addition of points for each, and signs once.
 *
 * Why that gives nothing away:
 *
 * - r0 is uniform: 512 bits reduced modulo an order of 252 bits. R is then a uniform point among those that pass the
 *   filter, exactly as it is in the signatures of the loop. The steps i are public knowledge at most, and r0 + i is as
 *   hard to find from R as any discrete logarithm.
 * - Two signatures whose r are equal, or differ by something known, give the private key away by linear algebra, and two
 *   steps of one walk do differ by something known. So a walk makes one signature: it ends at its first hit, its r is
 *   used once and wiped ({@link Prepared}), and each walk draws a new r0. An r that waits is never written anywhere.
 * - r0 comes from 64 random bytes hashed together with the secret prefix of the key, so that a predictable random source
 *   does not make r predictable; and with the nonce where it is known, so that a source that repeats itself (a machine
 *   that is restored from a snapshot) does not repeat r for another message. A proof that is prepared before the nonce
 *   is known lacks this last protection.
 * - What is computed in the open of caches and clocks: walking, which sees points and no scalar; r0 B and rB, bit by bit
 *   with the same work for each; and S, one multiplication of big integers, as free of timing leaks as noble's.
 * - A wrong S, of a processor that erred, can reveal the key. Another implementation verifies before anyone sees it.
 *
 * @param nonce - when it is known already
 * @throws the reason of the signal when it is aborted
 */
export async function prepareProof(
  key: ProofKey,
  { signal, engine }: ProofOfWorkOptions = {},
  nonce: Uint8Array = new Uint8Array(0),
): Promise<Prepared> {
  signal?.throwIfAborted()
  const walk = new Walk(await loadEngine(engine))
  try {
    const start = drawStart(key, nonce)
    // Each piece of work is over within a fraction of a millisecond.
    for (const prepared of find(key, walk, start)) {
      if (prepared !== undefined) return prepared
      await nextTurn()
      signal?.throwIfAborted()
    }
    throw new RangeError('a walk has no end')
  } finally {
    walk.wipe()
  }
}

/** `undefined` between pieces of work, then the result. */
export function* find(
  key: ProofKey,
  walk: Pick<Walk, 'search' | 'multiplyBase'>,
  start: bigint,
): Generator<Prepared | undefined, void> {
  for (const offset of walk.search(start, FILTER_BITS)) {
    yield
    if (offset === undefined) continue
    const r = modulo(start + BigInt(offset))
    const encoded = yield* encode(walk, r)
    // The test of the walk errs now and then.
    if (isProofOfWork(encoded)) yield new Prepared(key, bytesOf(r), encoded)
  }
}

/** rB as a signature begins with it. */
function* encode(walk: Pick<Walk, 'multiplyBase'>, r: bigint): Generator<undefined, Uint8Array> {
  const { x, y } = yield* walk.multiplyBase(r)
  return bytesOf(y | ((x & 1n) << 255n))
}

function drawStart(key: ProofKey, nonce: Uint8Array): bigint {
  const hashed = key.sha512(key.seed)
  const secret = concatBytes(LABEL, hashed.subarray(32), randomBytes(64), nonce)
  const wide = key.sha512(secret)
  const start = modulo(littleEndian(wide))
  for (const bytes of [hashed, secret, wide]) bytes.fill(0)
  return start
}

/** The half of a signature, and what is needed for the other one. Good for one. */
class Prepared implements PreparedProofOfWork {
  readonly #key: ProofKey
  readonly #encodedR: Uint8Array
  #r: Uint8Array | undefined

  constructor(key: ProofKey, r: Uint8Array, encodedR: Uint8Array) {
    this.#key = key
    this.#r = r
    this.#encodedR = encodedR
  }

  finish(nonce: Uint8Array): ProofOfWork {
    requireNonce(nonce)
    const r = this.#r
    if (r === undefined)
      throw new CryptoError('finished', 'expected a proof of work that was not used yet; prepare another one')
    this.#r = undefined
    const { publicKey, sha512, verify } = this.#key
    const message = proofMessage(nonce, COUNTER)
    const hash = modulo(littleEndian(sha512(concatBytes(this.#encodedR, publicKey, message))))
    const signature = concatBytes(this.#encodedR, bytesOf(modulo(littleEndian(r) + hash * privateScalar(this.#key))))
    r.fill(0)
    if (!isProofOfWork(signature) || !verify(signature, message, publicKey))
      throw new CryptoError(
        'self-check',
        'a signature of our own does not verify, and was not given out: memory or processor erred; try again',
      )
    return { counter: COUNTER, signature }
  }

  discard(): void {
    this.#r?.fill(0)
    this.#r = undefined
  }
}

/** Source: RFC 8032 §5.1.5. */
function privateScalar({ seed, sha512 }: ProofKey): bigint {
  const scalar = clampedHalf(sha512(seed))
  const value = littleEndian(scalar)
  scalar.fill(0)
  return value
}

function modulo(value: bigint): bigint {
  const rest = value % ORDER
  return rest < 0n ? rest + ORDER : rest
}

/** 32 bytes, little-endian. */
function bytesOf(value: bigint): Uint8Array {
  const bytes = new Uint8Array(ED25519_PUBLIC_KEY_BYTES)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < 4; at++) view.setBigUint64(8 * at, value >> BigInt(64 * at), true)
  return bytes
}
