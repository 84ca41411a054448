// The server of pim, profile `pim-legacy`: for clients of old, and off unless asked for. It relays what it cannot
// check the freshness of, for keys whose logins can be forwarded: see docs/protocol/rendezvous-legacy.md.
export { createLegacyProfile, type LegacyProfileParts } from './profile.js'
