import { LEGACY_MAX_FRAME_BYTES } from '@mimirjs/wire/rendezvous'
import { Buckets } from '../../buckets.js'
import type { RendezvousServerLimits } from '../limits.js'
import type { ServerProfile } from '../profile.js'
import type { RelayOutcome } from '../types.js'
import { type LegacyHall, LegacySession } from './session.js'

export interface LegacyProfileParts {
  readonly limits: RendezvousServerLimits
  readonly randomBytes: (sizeBytes: number) => Uint8Array
  /** Counts what became of a message. */
  relayed(outcome: RelayOutcome): void
}

/** The role of a pim server, dialects 1 to 4, hardened. rendezvous protocol A6, A7, A13 */
export function createLegacyProfile(parts: LegacyProfileParts): ServerProfile {
  const { envelopesPerSecond, envelopesBurst, remembered } = parts.limits
  const hall: LegacyHall = {
    ...parts,
    sessions: new Map(),
    rates: new Buckets(envelopesPerSecond, envelopesBurst, remembered),
  }
  return { frameBytes: LEGACY_MAX_FRAME_BYTES, open: (client) => new LegacySession(client, hall) }
}
