import { sha256 } from '@mimirjs/crypto'
import { concatBytes, keyText, sameBytes } from './bytes.js'
import { PeerError } from './error.js'
import type { ChallengePolicy } from './types.js'

export const CHALLENGE_BYTES = 32
const NONCE_BYTES = 16
const LABEL: Uint8Array = new TextEncoder().encode('mimir-peer-challenge-1\0')
/** More draws than chance ever needs: each is a point with probability one half. */
const MAX_DRAWS = 128

/** Which of the two challenges of a handshake, as the byte that a bound one contains: its frame type. */
export type ChallengeRole = 2 | 4

/** Addresses of the two ends as the transport proves or reports them: 16 or 32 bytes, empty when unknown. */
export interface Channel {
  readonly localAddress: Uint8Array
  readonly remoteAddress: Uint8Array
}

/** Challenges that this process issued and that are not answered yet. Signing one of them would prove us to ourselves. */
export class IssuedChallenges {
  readonly #open = new Set<string>()

  add(challenge: Uint8Array): void {
    this.#open.add(keyText(challenge))
  }

  delete(challenge: Uint8Array): void {
    this.#open.delete(keyText(challenge))
  }

  has(challenge: Uint8Array): boolean {
    return this.#open.has(keyText(challenge))
  }

  get size(): number {
    return this.#open.size
  }
}

/**
 * One unbound challenge drawn ahead of need, while a connection waits for the network anyway: telling points from other
 * bytes would else take part of every handshake. It is made once per challenge that was given out, so nobody can make it
 * cost more than that.
 */
export class SpareChallenge {
  #spare: Uint8Array | undefined

  prepare(kit: ChallengeKit): void {
    if (kit.challenges.bound !== true) this.#spare ??= drawChallenge(kit)
  }

  take(kit: ChallengeKit): Uint8Array {
    const challenge = this.#spare ?? drawChallenge(kit)
    this.#spare = undefined
    return challenge
  }
}

export interface ChallengeKit {
  readonly localPublicKey: Uint8Array
  readonly challenges: ChallengePolicy
  readonly issued: IssuedChallenges
  readonly spare: SpareChallenge
  isPoint(bytes: Uint8Array): boolean
  random(byteLength: number): Uint8Array
}

/**
 * A fresh challenge, never used again. It is bound to this connection if the policy says so, else no curve point: then
 * nobody can mistake it for a node key, and a careful signer signs it at once (peer protocol §12.3).
 */
export function issueChallenge(
  kit: ChallengeKit,
  role: ChallengeRole,
  signer: Uint8Array,
  channel: Channel,
): Uint8Array {
  if (kit.challenges.bound === true) {
    return boundChallenge(role, kit.random(NONCE_BYTES), kit.localPublicKey, signer, {
      verifierAddress: channel.localAddress,
      signerAddress: channel.remoteAddress,
    })
  }
  return kit.spare.take(kit)
}

function drawChallenge(kit: ChallengeKit): Uint8Array {
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const challenge = kit.random(CHALLENGE_BYTES)
    if (!kit.isPoint(challenge)) return challenge
  }
  throw new RangeError(`${MAX_DRAWS} random values were all curve points: the random source is broken`)
}

/**
 * `nonce (16) | first 16 bytes of SHA-256(label, role, nonce, verifier, signer, verifier address, signer address)`, the
 * addresses with a length byte before them.
 */
export function boundChallenge(
  role: ChallengeRole,
  nonce: Uint8Array,
  verifier: Uint8Array,
  signer: Uint8Array,
  { verifierAddress, signerAddress }: { verifierAddress: Uint8Array; signerAddress: Uint8Array },
): Uint8Array {
  const message = concatBytes([
    LABEL,
    Uint8Array.of(role),
    nonce,
    verifier,
    signer,
    Uint8Array.of(verifierAddress.length),
    verifierAddress,
    Uint8Array.of(signerAddress.length),
    signerAddress,
  ])
  const challenge = new Uint8Array(CHALLENGE_BYTES)
  challenge.set(nonce)
  challenge.set(sha256(message).subarray(0, CHALLENGE_BYTES - NONCE_BYTES), NONCE_BYTES)
  return challenge
}

/**
 * Whether we may sign this. What we sign is raw, and every Mimir protocol signs raw bytes with the same key: so nothing
 * is signed that means something elsewhere (peer protocol §12.2, §12.3).
 * @returns whether the challenge is bound to this connection as we see it
 * @throws {PeerError} `challenge-refused` | `handler`
 */
export function checkChallenge(
  kit: ChallengeKit,
  role: ChallengeRole,
  challenge: Uint8Array,
  verifier: Uint8Array,
  channel: Channel,
): boolean {
  const { challenges, localPublicKey } = kit
  if (sameBytes(challenge, localPublicKey) || sameBytes(challenge, verifier)) throw refusal('an identity key')
  if (sameBytes(challenge, channel.localAddress) || sameBytes(challenge, channel.remoteAddress)) {
    throw refusal('a node key of this connection')
  }
  if (kit.issued.has(challenge)) throw refusal('a challenge that we issued ourselves')
  if (ask('refuse', () => challenges.refuse?.(challenge))) throw refusal('a value in use elsewhere in this process')
  const bound = sameBytes(
    challenge,
    boundChallenge(role, challenge.subarray(0, NONCE_BYTES), verifier, localPublicKey, {
      verifierAddress: channel.remoteAddress,
      signerAddress: channel.localAddress,
    }),
  )
  if (bound) return true
  if (ask('requireBound', () => challenges.requireBound?.(verifier))) throw refusal('not bound to this connection')
  // Role 2 is what an initiator signs; an acceptor has no second try and stays lenient.
  if (challenges.strict === true && role === 2 && kit.isPoint(challenge)) throw refusal('a curve point')
  return false
}

/** @throws {PeerError} `handler` when the application's answer is an exception */
function ask(name: string, question: () => boolean | undefined): boolean {
  try {
    return question() === true
  } catch (cause) {
    throw new PeerError('handler', `challenges.${name} failed`, { cause })
  }
}

function refusal(what: string): PeerError {
  return new PeerError('challenge-refused', `the challenge is ${what}: not signed`)
}
