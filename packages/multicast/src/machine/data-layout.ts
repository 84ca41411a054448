/** `type u8 | sessionId 16 | nonce 12 | ciphertext | tag 16`; on the way of every packet nothing is decoded. */
export const SESSION_ID_AT = 1
export const NONCE_AT = 17
