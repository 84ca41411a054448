/** Real messages of the classic generation: user key from the seed of 32 bytes 01, signatures as made by it. */
export const USER_KEY = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'
export const ADDRESS_1 = '0201234567890abcdef0123456789abc'
export const SIGNATURE_1 =
  '1a07318415daa26af8d08d4ca67fa439e73f64271ec724d0b4bccdc7f05adf6120de2c1e2e65b3c9d8be601fa2e9e16dfc9da788b812a047c6f8b9b6cfb0b200'
export const ADDRESS_2 = '0300fedcba98765400000000deadbeef'
export const SIGNATURE_2 =
  'c13f4d05b9208cab838a431ba27568ee976195951b21cc9868d897e0e28349b501d5b4ab9ea5d1d201ebfa926644729dcd3ac988155c8c2ab59fd823ff9c4e02'

/** Nonce 01020304, port 5050, priority 3, client 0a0b0c0d, address 1. */
export const ANNOUNCE_REQUEST = `01${'01020304'}00${USER_KEY}13ba030a0b0c0d${ADDRESS_1}${SIGNATURE_1}`
/** Every integer at or near its unsigned maximum. */
export const ANNOUNCE_REQUEST_EXTREMES = `01ffffffff00${USER_KEY}fffffffffffffe${ADDRESS_2}${SIGNATURE_2}`
export const ANNOUNCE_RESPONSE = '01020304000000000000000258'
export const GET_ADDRS_REQUEST = `01a1b2c3d401${USER_KEY}`
export const RECORD_1 = `${ADDRESS_1}${SIGNATURE_1}13ba030a0b0c0d0000000000000e10`
export const RECORD_2 = `${ADDRESS_2}${SIGNATURE_2}fffffffffffffe0000000000000e10`
export const GET_ADDRS_RESPONSE_0 = 'a1b2c3d40100'
export const GET_ADDRS_RESPONSE_2 = `a1b2c3d40102${RECORD_1}${RECORD_2}`

export function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

export function hex(value: Uint8Array): string {
  return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
