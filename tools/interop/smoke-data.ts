import { verify } from '@mimirjs/crypto'
import { SeededBytes, toHex } from '../../packages/crypto/test/helpers.js'
import { edgeCases } from '../../packages/crypto/test/points.js'
import type { PublicPackage } from '../lib/workspace.mjs'

/** What the smoke programs read from `smoke-data.json`; bytes are hex. */
export interface SmokeData {
  /** Every entry of every package. */
  readonly specifiers: readonly string[]
  /** Signatures that verifiers disagree on, with the answer of the Node that runs this. */
  readonly signatures: readonly { signature: string; message: string; publicKey: string; valid: boolean }[]
}

export function smokeData(packages: readonly PublicPackage[]): SmokeData {
  const signatures = [...edgeCases(new SeededBytes(20), 1)].map(({ signature, message, publicKey }) => ({
    signature: toHex(signature),
    message: toHex(message),
    publicKey: toHex(publicKey),
    valid: verify(signature, message, publicKey),
  }))
  return { specifiers: packages.flatMap(({ entries }) => entries.map(({ specifier }) => specifier)), signatures }
}
