import { checkBytes, checkUint, readU16, writeU16 } from '../int.js'
import { GROUP_BYTES, MulticastPacketType, NODE_KEY_BYTES, requirePacket, SIGNATURE_BYTES } from './layout.js'

/** Size of an address declaration, in bytes. */
export const ADDRESS_DECLARATION_BYTES = 115
/** What its signature covers: so many bytes from the first on; the signature follows. */
export const ADDRESS_DECLARATION_SIGNED_BYTES = 51

const PACKET = 'addressDeclaration'

/** "I listen there." (multicast protocol §4.1) `type u8 | port u16 | address 16 | src 32 | signature 64` */
export interface AddressDeclaration {
  /** u16, the UDP port that the sender listens on. */
  readonly port: number
  /** The sender's group, 16 bytes; IPv4 as `::ffff:a.b.c.d`. Not judged here. */
  readonly address: Uint8Array
  /** The sender's Ed25519 public key, 32 bytes. */
  readonly src: Uint8Array
  /** Ed25519 by `src` over the first 51 bytes of the packet, 64 bytes. Not checked here. */
  readonly signature: Uint8Array
}

/**
 * Decode one datagram. The byte fields are views of `bytes`: copy what you keep.
 * @throws {WireError} `truncated` | `trailing` | `unexpected-type`
 */
export function decodeAddressDeclaration(bytes: Uint8Array): AddressDeclaration {
  requirePacket(bytes, MulticastPacketType.addressDeclaration, ADDRESS_DECLARATION_BYTES, PACKET)
  return {
    port: readU16(bytes, 1),
    address: bytes.subarray(3, 19),
    src: bytes.subarray(19, ADDRESS_DECLARATION_SIGNED_BYTES),
    signature: bytes.subarray(ADDRESS_DECLARATION_SIGNED_BYTES, ADDRESS_DECLARATION_BYTES),
  }
}

/** @throws {WireError} `out-of-range` | `length` */
export function encodeAddressDeclaration(declaration: AddressDeclaration): Uint8Array {
  const bytes = unsignedAddressDeclaration(declaration)
  bytes.set(
    checkBytes(declaration.signature, SIGNATURE_BYTES, 'addressDeclaration.signature'),
    ADDRESS_DECLARATION_SIGNED_BYTES,
  )
  return bytes
}

/**
 * The whole datagram with zeros for its signature. Sign {@link signedAddressDeclarationBytes} of it and put the
 * signature at {@link ADDRESS_DECLARATION_SIGNED_BYTES}.
 * @throws {WireError} `out-of-range` | `length`
 */
export function unsignedAddressDeclaration({ port, address, src }: Omit<AddressDeclaration, 'signature'>): Uint8Array {
  const bytes = new Uint8Array(ADDRESS_DECLARATION_BYTES)
  bytes[0] = MulticastPacketType.addressDeclaration
  writeU16(bytes, 1, checkUint(port, 0xffff, 'addressDeclaration.port'))
  bytes.set(checkBytes(address, GROUP_BYTES, 'addressDeclaration.address'), 3)
  bytes.set(checkBytes(src, NODE_KEY_BYTES, 'addressDeclaration.src'), 19)
  return bytes
}

/** What the signature of this datagram covers, as a view. The datagram is complete, or unsigned yet. */
export function signedAddressDeclarationBytes(datagram: Uint8Array): Uint8Array {
  return datagram.subarray(0, ADDRESS_DECLARATION_SIGNED_BYTES)
}
