import type { SeedSigner } from '@mimirjs/crypto'
import {
  type EnvelopeBody,
  encodeB64u,
  encodeBody,
  envelopeSigningBytes,
  unsignedEnvelope,
} from '@mimirjs/wire/rendezvous'

export interface EnvelopeParts {
  readonly from: SeedSigner
  readonly to: { readonly publicKey: Uint8Array }
  readonly body: EnvelopeBody
  readonly sid?: Uint8Array
  readonly epoch: number
  readonly ctr?: number
  readonly expMs?: number
}

/** Anything that anybody can sign, as base64url. Without `expMs`, it lives for a minute after the epoch. */
export function envelopeOf({ from, to, body, sid, epoch, ctr = 0, expMs = epoch + 60_000 }: EnvelopeParts): string {
  const bytes = unsignedEnvelope({
    kind: body.kind,
    from: from.publicKey,
    to: to.publicKey,
    sid: sid ?? new Uint8Array(16).fill(7),
    epoch: BigInt(epoch),
    ctr,
    exp: BigInt(expMs),
    body: encodeBody(body),
  })
  bytes.set(from.sign(envelopeSigningBytes(bytes)), bytes.length - 64)
  return encodeB64u(bytes)
}
