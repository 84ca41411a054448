export { createMemoryRendezvous, type MemoryRendezvous, type MemoryRendezvousOptions } from './memory.js'
export type { MemoryRtc } from './rtc.js'
export type { MemoryServer, Relay } from './server.js'
