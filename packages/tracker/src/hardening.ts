import { TrackerError } from './error.js'

/**
 * What keeps replays of signed records from doing harm in the generations whose senders are proven (tracker protocol §8.6).
 * None changes a byte on the wire. All are on by default.
 */
export interface TrackerHardening {
  /** H1: what a node says about another one displaces nothing that the other said itself, or a fellow tracker. */
  readonly keepTrusted: boolean
  /** H2: a node has one record of a user: its own word removes others of the same address. */
  readonly oneRecordPerAddress: boolean
  /** H5: what was granted last counts as 2 to 16 minutes, wherever it is from. */
  readonly clampGrants: boolean
  /** H6: where a fellow tracker and a node itself disagree about a device, both addresses are given. */
  readonly keepBothWhenMoved: boolean
}

export const DEFAULT_HARDENING: TrackerHardening = {
  keepTrusted: true,
  oneRecordPerAddress: true,
  clampGrants: true,
  keepBothWhenMoved: true,
}

/** @throws {TrackerError} `bad-option` */
export function completeHardening(given: Partial<TrackerHardening> = {}): TrackerHardening {
  for (const [name, value] of Object.entries(given)) {
    if (!(name in DEFAULT_HARDENING)) throw new TrackerError('bad-option', `hardening.${name} does not exist`)
    if (typeof value !== 'boolean') throw new TrackerError('bad-option', `hardening.${name}: expected true or false`)
  }
  return { ...DEFAULT_HARDENING, ...given }
}
