import {
  type AddressDeclaration,
  decodeAddressDeclaration,
  decodeSessionData,
  decodeSessionInitiation,
  encodeAddressDeclaration,
  encodeSessionData,
  encodeSessionInitiation,
  type SessionData,
  type SessionInitiation,
} from '@mimirjs/wire/multicast'
import type { CodecTable } from './codec.js'

export const multicastCodecs: CodecTable = {
  'multicast.addressDeclaration': {
    shape: { address: 'bytes', src: 'bytes', signature: 'bytes' },
    decode: decodeAddressDeclaration,
    encode: (declaration: AddressDeclaration) => encodeAddressDeclaration(declaration),
  },
  'multicast.sessionInitiation': {
    shape: { sessionId: 'bytes', src: 'bytes', dst: 'bytes', sessionKey: 'bytes', signature: 'bytes' },
    decode: decodeSessionInitiation,
    encode: (initiation: SessionInitiation) => encodeSessionInitiation(initiation),
  },
  'multicast.sessionData': {
    shape: { sessionId: 'bytes', nonce: 'bytes', ciphertext: 'bytes', tag: 'bytes' },
    decode: decodeSessionData,
    encode: (data: SessionData) => encodeSessionData(data),
  },
}
