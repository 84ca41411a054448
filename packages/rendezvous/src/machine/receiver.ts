import { sha256, verify } from '@mimirjs/crypto'
import { equalBytes, isWireError, type WireError } from '@mimirjs/wire'
import {
  decodeBody,
  decodeEnvelope,
  type Envelope,
  type EnvelopeBody,
  envelopeSigningBytes,
} from '@mimirjs/wire/rendezvous'
import type { Verdict } from '../counters.js'
import { isAcceptableKey, nameOf } from './keys.js'
import type { ReplayTable } from './replay.js'
import type { MachineHost, PolicyAnswer } from './types.js'

/** Greatest life of an envelope, and how far two clocks may be apart, in ms (rendezvous protocol B7). */
const LIFE_MS = 120_000
const SKEW_MS = 60_000

/** An envelope that is authentic, for us, fresh, and new. */
export interface Received {
  readonly from: Uint8Array
  /** The table name of `from`. */
  readonly name: string
  readonly sid: Uint8Array
  readonly epoch: number
  readonly ctr: number
  /** When it is void, by the clock of the machine: its date against that of now. */
  readonly endMs: number
  /** The date itself, in ms since 1970. */
  readonly expMs: number
  /** The envelope id. */
  readonly id: Uint8Array
  readonly body: EnvelopeBody
  readonly policy: PolicyAnswer
}

export interface ReceiverParts {
  readonly publicKey: Uint8Array
  readonly replays: ReplayTable
  readonly wallMs: MachineHost['wallMs']
  /** Whether anything is wanted of this key: rendezvous protocol B7 check 9. */
  readonly policy: (publicKey: Uint8Array, name: string) => PolicyAnswer | 'blocked'
  /** A counter of a contact moved on. */
  readonly onContactHeard: () => void
}

/** The checks of rendezvous protocol B7 up to the body, in their order. */
export class Receiver {
  readonly #parts: ReceiverParts

  constructor(parts: ReceiverParts) {
    this.#parts = parts
  }

  /**
   * @param bytes - owned by what is returned
   * @param mayVerify - asked once before a signature is checked
   */
  receive(bytes: Uint8Array, nowMs: number, mayVerify: () => boolean): Received | Verdict {
    const { publicKey, replays, wallMs, onContactHeard } = this.#parts
    const envelope = decode(bytes)
    if (typeof envelope === 'string') return envelope
    const { from, to, kind, sid, ctr, signature } = envelope
    if (!equalBytes(to, publicKey)) return 'to'
    const name = nameOf(from)
    const policy = this.#parts.policy(from, name)
    if (policy === 'blocked') return 'blocked'
    // Numbers are exact up to 2^53 and in order beyond.
    const [expMs, epoch] = [Number(envelope.exp), Number(envelope.epoch)]
    const leftMs = expMs - wallMs(nowMs)
    if (leftMs <= -SKEW_MS) return 'expired'
    if (leftMs > LIFE_MS + SKEW_MS) return 'exp-too-far'
    if (epoch > wallMs(nowMs) + SKEW_MS) return 'epoch-too-far'
    const replayed = replays.check(name, epoch, ctr)
    if (replayed !== undefined) return replayed
    if (!mayVerify()) return 'rate'
    const signed = envelopeSigningBytes(bytes)
    if (!verify(signature, signed, from)) return 'signature'
    // Only now: a server that delivers a broken copy first changes nothing.
    if (replays.mark(name, epoch, ctr, policy === 'accept')) onContactHeard()
    try {
      const body = decodeBody(kind, envelope.body)
      const endMs = nowMs + leftMs
      return { from: from.slice(), name, sid: sid.slice(), epoch, ctr, endMs, expMs, id: sha256(signed), body, policy }
    } catch (error) {
      if (!isWireError(error)) throw error
      return 'body'
    }
  }
}

/** Checks 1 to 7. */
function decode(bytes: Uint8Array): Envelope | Verdict {
  try {
    const envelope = decodeEnvelope(bytes)
    return isAcceptableKey(envelope.from) ? envelope : 'from'
  } catch (error) {
    if (!(isWireError(error) && isReason(error.code))) throw error
    // The codec knows no curve: what it found last comes after the check of the key.
    if (error.code === 'self' && !isAcceptableKey(bytes.subarray(4, 36))) return 'from'
    return error.code
  }
}

function isReason(code: WireError['code']): code is 'length' | 'version' | 'kind' | 'flags' | 'self' {
  return code === 'length' || code === 'version' || code === 'kind' || code === 'flags' || code === 'self'
}
