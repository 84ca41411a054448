import type { Generation } from '@mimirjs/wire'
import type { FrameLimits } from '@mimirjs/wire/peer'
import type { ChallengeKit } from './challenge.js'
import type { GenerationProfile } from './generations.js'
import type { Verify } from './identity.js'
import type { PeerLimits } from './limits.js'
import type { SessionTimers } from './timers.js'

/** What all sessions of a peer share. */
export interface SessionContext extends ChallengeKit {
  readonly clientId: number
  readonly generation: Generation
  readonly profile: GenerationProfile
  readonly limits: PeerLimits
  readonly frames: Partial<FrameLimits> | undefined
  readonly timers: SessionTimers
  readonly verify: Verify
}
