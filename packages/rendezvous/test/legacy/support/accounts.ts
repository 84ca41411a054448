// The accounts of the vectors: test keys, known to everybody.
import { readFileSync } from 'node:fs'
import { importRsaPrivateKey, type RsaPrivateKey } from '@mimirjs/crypto/rsa'
import { encodeLegacyFrame } from '@mimirjs/wire/rendezvous'

/** By another name: a bundler would look for what is written before `import.meta.url`. */
const { url: here } = import.meta

export function vectors<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`../../../../../vectors/${file}`, here), 'utf8')) as T
}

interface KeyVector {
  readonly name: string
  readonly publicPem: string
  readonly privatePem: string
}

export const keyVectors: readonly [KeyVector, KeyVector, KeyVector] = vectors('crypto/rendezvous-legacy-keys.json')

/** 2048 bits; by the texts of their keys old is before bob, and bob before alice. */
export const alice: RsaPrivateKey = importRsaPrivateKey(keyVectors[0].privatePem)
/** 2048 bits. */
export const bob: RsaPrivateKey = importRsaPrivateKey(keyVectors[1].privatePem)
/** 1024 bits, as all of old. */
export const old: RsaPrivateKey = importRsaPrivateKey(keyVectors[2].privatePem)

export function pemOf({ publicKey }: RsaPrivateKey): string {
  return publicKey.pem
}

/** The frame of a client that relays this, signed by whoever has `key`. */
export function relayed(
  key: RsaPrivateKey,
  message: object,
  type: 'relay-msg' | 'relayed-msg' | 'peer-msg' = 'relay-msg',
): string {
  const text = JSON.stringify(message)
  return encodeLegacyFrame({ type, text, signature: key.signSha1(new TextEncoder().encode(text)) })
}
