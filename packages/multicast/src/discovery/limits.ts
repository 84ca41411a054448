import { MulticastError } from '../error.js'

/** Ceilings of discovery: what the local network may make us hold and compute. */
export interface DiscoveryLimits {
  /** People in the table. When it is full, strangers are not let in, and those who are preferred take the place of a stranger. */
  readonly people: number
  /** Strangers in the table that one host spoke for. */
  readonly peoplePerSource: number
  /** Signatures of strangers checked a second for one host, and twice as many at once. */
  readonly signaturesPerSource: number
  /** Signatures of strangers checked a second for all hosts together, and twice as many at once. */
  readonly signatures: number
  /** Signatures under one preferred key checked a second, and twice as many at once. */
  readonly signaturesPerPreferred: number
  /** Signatures under all preferred keys together, a second, and twice as many at once. */
  readonly signaturesOfPreferred: number
}

export const DEFAULT_DISCOVERY_LIMITS: DiscoveryLimits = {
  people: 1_024,
  peoplePerSource: 64,
  signaturesPerSource: 10,
  signatures: 50,
  signaturesPerPreferred: 5,
  signaturesOfPreferred: 50,
}

/**
 * The defaults with what was given in their place; `undefined` takes the default.
 * @throws {MulticastError} `misuse` for an unknown name, or no integer from 1 on
 */
export function discoveryLimitsOf(given: Partial<DiscoveryLimits> = {}): DiscoveryLimits {
  const limits: Record<string, number> = { ...DEFAULT_DISCOVERY_LIMITS }
  for (const [name, value] of Object.entries(given) as [string, number | undefined][]) {
    if (value === undefined) continue
    if (!Object.hasOwn(limits, name)) throw new MulticastError('misuse', `limits.${name}: there is no such limit`)
    const isWhole = Number.isInteger(value) || value === Number.POSITIVE_INFINITY
    if (!isWhole || value < 1)
      throw new MulticastError('misuse', `limits.${name}: expected an integer from 1 on, got ${value}`)
    limits[name] = value
  }
  return limits as unknown as DiscoveryLimits
}
