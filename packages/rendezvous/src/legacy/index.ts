// Clients of pim, profile `pim-legacy`: weak, and off unless it is opened by name. See docs/protocol/rendezvous-legacy.md.
export type { LegacyAccount } from './account.js'
export { LegacyNode, type LegacyNodeEvents } from './client/node.js'
export type { LegacyNodeOptions } from './client/options.js'
export { LEGACY_VERDICTS, type LegacyCounters, type LegacyVerdict } from './counters.js'
export { DEFAULT_LEGACY_LIMITS, type LegacyLimits } from './limits.js'
export type { LegacyLink, LegacyLinkEvents } from './link.js'
export { type PimAccount, type PimMessage, type PimPeer, readPimAccount, writePimAccount } from './pim-account.js'
export { LEGACY_RISKS } from './risks.js'
export type {
  LegacyCloseReason,
  LegacyLeaveReason,
  LegacyPerson,
  LegacyPolicy,
  LegacyPrompt,
  LegacyServerStatus,
} from './types.js'
