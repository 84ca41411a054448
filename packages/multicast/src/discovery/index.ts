export { DISCOVERY_IPV4, DISCOVERY_IPV6, DISCOVERY_PORT } from './constants.js'
export { Discovery, type DiscoveryOptions } from './discovery.js'
export { DEFAULT_DISCOVERY_LIMITS, type DiscoveryLimits } from './limits.js'
export type { DiscoveryEvents, DiscoveryVerdict, Person } from './types.js'
