export {
  formatGroup,
  formatMulticastAddress,
  type GroupRules,
  generateIpv4Group,
  generateIpv6Group,
  generatePrefixGroup,
  isAcceptableGroup,
  isAcceptablePort,
  isIpv4Group,
  type MulticastAddress,
  mapIpv4,
  parseGroup,
  parseMulticastAddress,
  type RandomBytes,
} from './address/index.js'
export { CONFIG_FILE_BYTES, type ConfigFile, readConfig, writeConfig } from './config-file.js'
export type { Counters, Verdict } from './counters.js'
export {
  DEFAULT_DISCOVERY_LIMITS,
  DISCOVERY_IPV4,
  DISCOVERY_IPV6,
  DISCOVERY_PORT,
  Discovery,
  type DiscoveryEvents,
  type DiscoveryLimits,
  type DiscoveryOptions,
  type DiscoveryVerdict,
  type Person,
} from './discovery/index.js'
export { type Blame, isMulticastError, MulticastError, type MulticastErrorCode } from './error.js'
export { DEFAULT_LIMITS, type MulticastLimits } from './limits.js'
export type { MachineMode, Place, PolicyAnswer } from './machine/index.js'
export type {
  MulticastNetwork,
  MulticastSocket,
  MulticastSocketOptions,
  PrefixInterface,
} from './node/network.js'
export { type ConnectOptions, MulticastNode, type MulticastNodeCounters } from './node/node.js'
export type { MulticastNodeOptions, PeerPolicy } from './node/options.js'
export type { MulticastNodeEvents, MulticastSession, PeerEvent, RequestHandler, RequestOptions } from './node/types.js'
export { DEFAULT_STREAM_LIMITS, type StreamLimits } from './stream/index.js'
