export {
  ADDRESS_DECLARATION_BYTES,
  ADDRESS_DECLARATION_SIGNED_BYTES,
  type AddressDeclaration,
  decodeAddressDeclaration,
  encodeAddressDeclaration,
  signedAddressDeclarationBytes,
  unsignedAddressDeclaration,
} from './address-declaration.js'
export {
  GROUP_BYTES,
  MULTICAST_MAX_DATAGRAM_BYTES,
  MulticastPacketType,
  NODE_KEY_BYTES,
  SESSION_ID_BYTES,
  SESSION_KEY_BYTES,
  SIGNATURE_BYTES,
} from './layout.js'
export {
  decodeSessionData,
  encodeSessionData,
  MULTICAST_NONCE_BYTES,
  MULTICAST_TAG_BYTES,
  SESSION_DATA_HEAD_BYTES,
  SESSION_DATA_OVERHEAD_BYTES,
  type SessionData,
  writeSessionDataHead,
} from './session-data.js'
export {
  decodeSessionInitiation,
  encodeSessionInitiation,
  SESSION_INITIATION_BYTES,
  SESSION_INITIATION_SIGNED_BYTES,
  type SessionInitiation,
  signedSessionInitiationBytes,
  unsignedSessionInitiation,
} from './session-initiation.js'
