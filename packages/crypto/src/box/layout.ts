// Where things are in the memory of the module, in bytes. `wasm/box` writes the module by it.

/**
 * 16 words, as Salsa20 orders them: constants at 0, 5, 10 and 15; the key at 1 to 4 and 11 to 14; the nonce at 6 and 7; the
 * number of a block at 8 and 9. Once a packet is begun, that of every fifth block.
 */
export const INPUT = 0
/** Key (32 bytes) and nonce (24 bytes) of XSalsa20, for `derive`. */
export const GIVEN: number = INPUT + 64
/** The input, each word in four lanes: the other four blocks. */
export const STATE: number = GIVEN + 64
/** What the rounds make of them, and of the fifth. */
export const MIXED: number = STATE + 256
/** The first five blocks of the key stream: the key of Poly1305 (32 bytes), then what the text is crossed with. */
export const FIRST: number = MIXED + 320
/** The sum of Poly1305, in each of four lanes: five vectors, each of which holds a pair of limbs. */
export const SUM: number = FIRST + 320
/** The same of the key. */
export const ROOT: number = SUM + 80
/** The multiples of the powers that Poly1305 ends with, of a lane each; then those of the one it goes on with. */
export const LAST_POWERS: number = ROOT + 80
export const POWER: number = LAST_POWERS + 288
/** Four blocks that the powers are made of. */
export const SEEDS: number = POWER + 288
/** What stands before this is secret, and is wiped at the end of every call. A multiple of 64. */
export const SECRET_BYTES = 1_856
/** The tag; before it 48 bytes that are always zero: with the tag, which is zero then, the empty blocks that Poly1305 begins with. */
export const TAG: number = SECRET_BYTES + 48
/** The text of a packet; what is sealed follows its tag as it has to on the wire. */
export const TEXT: number = TAG + 16
