// The vectors about RSA, which both builds have to pass.
import { readFileSync } from 'node:fs'

export interface AccountVector {
  readonly name: string
  readonly bits: number
  readonly publicPem: string
  readonly privatePem: string
}

interface PemVector {
  readonly name: string
  readonly text: string
  readonly normal: string | null
}

interface SignatureVector {
  readonly name: string
  readonly publicPem: string
  readonly text: string
  readonly signature: string
  readonly isValid: boolean
}

interface ChallengeVector {
  readonly name: string
  readonly privatePem: string
  readonly encrypted: string
  readonly plaintext: string
}

/** By another name: a bundler would look for what is written before `import.meta.url`. */
const { url: here } = import.meta

function vectors<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`../../../vectors/crypto/rendezvous-legacy-${file}`, here), 'utf8')) as T
}

/** The last one has 1024 bits. */
export const accounts: readonly [AccountVector, AccountVector, AccountVector] = vectors('keys.json')
export const pems: readonly PemVector[] = vectors('pems.json')
export const rsaSignatures: readonly SignatureVector[] = vectors('signatures.json')
export const challenges: readonly ChallengeVector[] = vectors('challenges.json')
