/** Largest `L` of a frame: type and body. The reference allows twice 65,535. yggdrasil protocol §3.2. */
export const MAX_FRAME_BYTES = 131_070
/** Most ports of a path that is accepted, unless an option says otherwise. yggdrasil protocol §12. */
export const MAX_PATH_PORTS = 512
/** What a watermark starts at: no distance is above it. */
export const MAX_WATERMARK: bigint = 2n ** 64n - 1n
/** Largest packet of the core, above the sessions. yggdrasil protocol §8.7. */
export const MAX_CORE_PACKET_BYTES = 65_535
/** Ed25519 signatures. */
export const SIGNATURE_BYTES = 64
