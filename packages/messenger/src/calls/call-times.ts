/** From an offer to its end without an answer, in ms. Source: current protocol §10. */
export const RING_MS = 60_000
/**
 * The same for a connection by itself, which knows no other reason than that somebody hung up: the call has to be first.
 */
export const CONNECTION_RING_MS = 65_000
/** From the wish to call to the end of the search for a connection, in ms. Source: current protocol §19.8. */
export const REACH_MS = 30_000
/** From the end of a connection during a call to the end of the call, if no other takes its place, in ms. */
export const RESUME_MS = 5_000
