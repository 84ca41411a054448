/** UDP port on which nodes of one local network tell each other where they are. */
export const DISCOVERY_PORT = 21070
/** Group of it over IPv4: of the scope that an organisation keeps to itself, and sent with a TTL of 1. */
export const DISCOVERY_IPV4 = '239.255.109.50'
/** Group of it over IPv6: transient, of the scope of one link. */
export const DISCOVERY_IPV6 = 'ff12::6d70:3270'

/** After the start, in ms: datagrams get lost, and whoever is there should hear of us soon. */
export const FIRST_ANNOUNCEMENTS_MS: readonly number[] = [0, 1_000, 3_000]
/** From then on, in ms, each time ± {@link JITTER}: nodes that started together must not stay together. */
export const ANNOUNCE_INTERVAL_MS = 60_000
export const JITTER = 0.1
/** Who hears a newcomer says where it is itself within this time, in ms; everybody at another moment. */
export const ANSWER_SPREAD_MS = 500
/** From one answer to the next, in ms, once {@link ANSWERS_AT_ONCE} were given: a thousand newcomers are told together. */
export const ANSWER_INTERVAL_MS = 5_000
/** After a pause this many answers follow each other at once: whoever comes twice in a row need not wait. */
export const ANSWERS_AT_ONCE = 2
/** Who says nothing for this long is gone, in ms: any one announcement may get lost. */
export const SILENCE_MS = 150_000
