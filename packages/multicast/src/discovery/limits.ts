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
