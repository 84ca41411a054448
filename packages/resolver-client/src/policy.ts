import { type AddressForm, ipAddresses, nodeAddresses } from './address.js'
import { classicForm, datagramForm, type Form } from './forms.js'

/** How long an answer is waited for, and what is done meanwhile. */
export interface Patience {
  /** Longest wait, in ms, repeats included. */
  readonly timeoutMs: number
  /** When the request is sent again, in ms after the first time. All requests may be repeated. */
  readonly repeatAfterMs: readonly number[]
}

/** One version of the requests of a generation. */
export interface Version {
  readonly form: Form
  /**
   * Whether a tracker that was not heard of lately is asked first whether it is there: that warms up the way to it, and shows
   * whether it knows this version.
   */
  readonly ping: boolean
}

/**
 * What one generation of the tracker protocol asks of a client. Each generation is a row of {@link POLICIES}; nothing
 * else in this package knows which one is spoken.
 */
export interface ResolverPolicy {
  /** The only scheme of its trackers; `undefined`: any. */
  readonly scheme: string | undefined
  /** The only port of its trackers, which answer to the same; `undefined`: any. */
  readonly port: number | undefined
  readonly addresses: AddressForm
  /** The best first. The next one is tried with a tracker that has never answered to one before it. */
  readonly versions: readonly Version[]
  readonly request: Patience
  readonly ping: Patience
  /** A tracker that answered so lately needs no ping, in ms. */
  readonly warmMs: number
  /** Whether a request that is sent again has a nonce of its own. */
  readonly freshNonces: boolean
  /** Lowest nonce: where requests and answers share a port, a late answer must not look like a request. */
  readonly minNonce: number
  /** Once one tracker said "no records": how long the others may still find some, in ms. */
  readonly emptyGraceMs: number
  /** Longest time that a record is believed, in ms, whatever the tracker says. */
  readonly maxLifetimeMs: number
  /** Bounds of the pause between two announces, in ms, whatever the tracker says. */
  readonly minAnnounceMs: number
  readonly maxAnnounceMs: number
  /** After which part of the time that the tracker granted it is told again. */
  readonly announceAfter: number
  /** Trackers that an announce goes to. */
  readonly announceFanout: number
  /** Priority announced unless the caller chooses. */
  readonly announcePriority: number
  /** Which end of the priority is dialed first. */
  readonly dialFirst: 'lowest' | 'highest'
}

export const POLICIES: Readonly<Record<'classic' | 'current', ResolverPolicy>> = {
  // Tracker protocol §11.4 to §11.6. Trackers of this generation do not tell each other, so all are told.
  classic: {
    scheme: undefined,
    port: undefined,
    addresses: ipAddresses,
    versions: [{ form: classicForm, ping: false }],
    request: { timeoutMs: 10_000, repeatAfterMs: [1000, 2000, 4000, 7000] },
    ping: { timeoutMs: 0, repeatAfterMs: [] },
    warmMs: 0,
    freshNonces: false,
    minNonce: 0,
    emptyGraceMs: 4000,
    maxLifetimeMs: 3_600_000,
    minAnnounceMs: 30_000,
    maxAnnounceMs: 3_600_000,
    announceAfter: 1,
    announceFanout: 5,
    announcePriority: 3,
    dialFirst: 'lowest',
  },
  // §7.3 to §7.5, §11.4 to §11.6; current generation §12 for `announceAfter`. Trackers tell each other: one is told.
  current: {
    scheme: 'ygg',
    port: 69,
    addresses: nodeAddresses,
    versions: [
      { form: datagramForm('v2'), ping: true },
      { form: datagramForm('v1'), ping: false },
    ],
    request: { timeoutMs: 5000, repeatAfterMs: [2000] },
    ping: { timeoutMs: 2000, repeatAfterMs: [400, 1000] },
    warmMs: 30_000,
    freshNonces: true,
    minNonce: 0x10_00_00_00,
    emptyGraceMs: 4000,
    maxLifetimeMs: 1_080_000,
    minAnnounceMs: 30_000,
    maxAnnounceMs: 960_000,
    announceAfter: 0.8,
    announceFanout: 1,
    announcePriority: 1,
    dialFirst: 'highest',
  },
}

/** Generations of trackers that are spoken to. */
export type ResolverGeneration = keyof typeof POLICIES

/** What the caller may decide of a generation. */
export interface PolicyChoices {
  readonly trackerVersion?: 1 | 2
  readonly announceFanout?: number
}

/** @throws {RangeError} */
export function policyOf(
  generation: ResolverGeneration,
  { trackerVersion, announceFanout }: PolicyChoices,
): ResolverPolicy {
  if (!Object.hasOwn(POLICIES, generation)) {
    throw new RangeError(`generation must be classic or current, got ${String(generation)}`)
  }
  const policy = POLICIES[generation]
  if (trackerVersion !== undefined && (generation === 'classic' || ![1, 2].includes(trackerVersion))) {
    throw new RangeError(`trackerVersion must be 1 or 2, and is for generation current, got ${trackerVersion}`)
  }
  if (announceFanout !== undefined && (!Number.isInteger(announceFanout) || announceFanout < 1)) {
    throw new RangeError(`announceFanout must be a whole number of at least 1, got ${announceFanout}`)
  }
  const versions = trackerVersion === undefined ? policy.versions : [policy.versions[2 - trackerVersion]!]
  return { ...policy, versions, announceFanout: announceFanout ?? policy.announceFanout }
}
