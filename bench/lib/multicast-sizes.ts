/** What is asked and what is answered. */
export const ROUND_TRIP_BYTES = 100
/** Type, session id, nonce, tag. */
export const PACKET_OVERHEAD_BYTES = 45
export const ROUND_TRIP_PACKET_BYTES: number = ROUND_TRIP_BYTES + PACKET_OVERHEAD_BYTES
