export { DEFAULT_SERVER_LIMITS, type RendezvousServerLimits } from './server/limits.js'
export { RendezvousServer } from './server/server.js'
export type { RelayOutcome, RendezvousServerOptions, RendezvousServerStats, ServerCutReason } from './server/types.js'
