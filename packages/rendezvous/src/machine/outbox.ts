import { sha256 } from '@mimirjs/crypto'
import {
  ENVELOPE_SIGNATURE_BYTES,
  type EnvelopeBody,
  encodeB64u,
  encodeBody,
  encodeLinkFrame,
  envelopeSigningBytes,
  unsignedEnvelope,
} from '@mimirjs/wire/rendezvous'
import type { MachineLimits } from '../limits.js'
import { nameOf } from './keys.js'
import type { Signatures } from './signatures.js'
import type { MachineHost } from './types.js'

/** An envelope of ours, for one recipient. Its repeats are the very same bytes (rendezvous protocol B7). */
export interface Letter {
  readonly kind: EnvelopeBody['kind']
  /** The envelope id. */
  readonly id: Uint8Array
  /** When it is void: by the clock of the machine, and as the date that is in it, in ms since 1970. */
  readonly endMs: number
  readonly expMs: number
  /** The whole envelope; without its signature while it is being signed. */
  readonly bytes: Uint8Array
  /** What every server is given; `undefined` while it is being signed. */
  frame: string | undefined
  /** When it is sent again. */
  dueMs: number
}

export interface OutboxParts {
  readonly host: Pick<MachineHost, 'wallMs'>
  readonly publicKey: Uint8Array
  readonly epoch: number
  readonly limits: MachineLimits
  readonly signatures: Signatures
}

/** Writes envelopes: counts them for each recipient, and has them signed. */
export class Outbox {
  readonly #parts: OutboxParts
  /** The next counter for each recipient; who was written to last stands last. */
  readonly #counters = new Map<string, number>()
  /** Where the counting begins for others: above all that was forgotten, so that no counter comes twice. */
  #floor = 0

  constructor(parts: OutboxParts) {
    this.#parts = parts
  }

  get recipientCount(): number {
    return this.#counters.size
  }

  /** An envelope that has its id, and waits for {@link sign}. */
  write(to: Uint8Array, sid: Uint8Array, body: EnvelopeBody, lifeMs: number, nowMs: number): Letter {
    const { host, publicKey, epoch } = this.#parts
    const { kind } = body
    const expMs = host.wallMs(nowMs) + lifeMs
    const bytes = unsignedEnvelope({
      kind,
      from: publicKey,
      to,
      sid,
      epoch: BigInt(epoch),
      ctr: this.#count(nameOf(to)),
      exp: BigInt(expMs),
      body: encodeBody(body),
    })
    const id = sha256(envelopeSigningBytes(bytes))
    return { kind, id, endMs: nowMs + lifeMs, expMs, bytes, frame: undefined, dueMs: Number.POSITIVE_INFINITY }
  }

  /** @param done - called once, when the letter is signed; with `undefined` when it cannot be */
  sign(letter: Letter, done: (frame: string | undefined, nowMs: number) => void): void {
    const { bytes } = letter
    this.#parts.signatures.request(envelopeSigningBytes(bytes), (signature, nowMs) => {
      if (signature?.length !== ENVELOPE_SIGNATURE_BYTES) {
        done(undefined, nowMs)
        return
      }
      bytes.set(signature, bytes.length - ENVELOPE_SIGNATURE_BYTES)
      letter.frame = encodeLinkFrame({ type: 'relay-msg', e: encodeB64u(bytes) })
      done(letter.frame, nowMs)
    })
  }

  #count(name: string): number {
    const ctr = this.#counters.get(name) ?? this.#floor
    this.#counters.delete(name)
    if (this.#counters.size >= this.#parts.limits.recipients) {
      const [oldest] = this.#counters
      if (oldest !== undefined) {
        this.#counters.delete(oldest[0])
        this.#floor = Math.max(this.#floor, oldest[1])
      }
    }
    this.#counters.set(name, ctr + 1)
    return ctr
  }
}
