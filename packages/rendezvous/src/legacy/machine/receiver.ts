import { isWireError } from '@mimirjs/wire'
import {
  checkSdp,
  decodeLegacyMessage,
  type LegacyRelayFrame,
  type LegacySignal,
  peekLegacyMessage,
  sdpFingerprint,
} from '@mimirjs/wire/rendezvous'
import type { LegacyVerdict } from '../counters.js'
import type { LegacyLimits } from '../limits.js'
import type { LegacyPerson } from '../types.js'
import { KeyCache, personOf } from './people.js'
import { Seen } from './seen.js'

/** For the check of a description that names no fingerprint, which then fails for that reason. */
const NO_FINGERPRINT = '0'.repeat(64)

export interface LegacyReceived {
  readonly signal: LegacySignal
  readonly person: LegacyPerson
}

/** What a signed message has to pass before anybody acts upon it, in the order of rendezvous protocol A13. */
export class LegacyReceiver {
  readonly #ownPem: string
  readonly #keys: KeyCache
  readonly #seen: Seen

  constructor(ownPem: string, { keys, seen, seenMs }: LegacyLimits) {
    this.#ownPem = ownPem
    this.#keys = new KeyCache(keys)
    this.#seen = new Seen(seen, seenMs)
  }

  /** Messages that are remembered. */
  get seenSize(): number {
    return this.#seen.size
  }

  /** The signal, or why there is none. */
  judge({ text, signature }: LegacyRelayFrame, nowMs: number): LegacyReceived | LegacyVerdict {
    const head = attempt(() => peekLegacyMessage(text))
    if (head === undefined) return 'message'
    if (head.to !== this.#ownPem) return 'to'
    const key = head.from === this.#ownPem ? undefined : this.#keys.find(head.from)
    if (key === undefined) return 'from'
    const message = new TextEncoder().encode(text)
    // Only what verified is remembered, with its signature: a hit needs no second look at it.
    const id = Seen.idOf(message, signature)
    if (this.#seen.has(id, nowMs)) return 'repeat'
    if (!key.verifySha1(signature, message)) return 'signature'
    this.#seen.add(id, nowMs)
    this.#keys.keep(key)
    const signal = attempt(() => decodeLegacyMessage(text))
    if (signal?.type !== 'signal') return 'signal'
    const { sdp, type } = signal.description
    if (checkSdp(sdp, sdpFingerprint(sdp) ?? NO_FINGERPRINT, type) !== undefined) return 'sdp'
    return { signal, person: personOf(key) }
  }
}

function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (isWireError(error)) return undefined
    throw error
  }
}
