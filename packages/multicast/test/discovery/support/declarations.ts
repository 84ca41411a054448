import { createSigner, type SeedSigner } from '@mimirjs/crypto'
import { createRandom, type Random } from '@mimirjs/transport/testing'
import {
  ADDRESS_DECLARATION_SIGNED_BYTES,
  signedAddressDeclarationBytes,
  unsignedAddressDeclaration,
} from '@mimirjs/wire/multicast'
import { mapIpv4 } from '../../../src/index.js'

/** The group 224.0.240.`last`. */
export function groupOf(last: number): Uint8Array {
  return mapIpv4(Uint8Array.of(224, 0, 240, last))
}

/** What this person says: I listen there. */
export function declare(
  signer: SeedSigner,
  { group = groupOf(1), port = 2_000 }: { group?: Uint8Array; port?: number } = {},
): Uint8Array {
  const datagram = unsignedAddressDeclaration({ port, address: group, src: signer.publicKey })
  datagram.set(signer.sign(signedAddressDeclarationBytes(datagram)), ADDRESS_DECLARATION_SIGNED_BYTES)
  return datagram
}

/** Different people, the same ones for the same seed. */
export function people(seed: number): () => SeedSigner {
  const random: Random = createRandom(seed)
  return () => createSigner(random.bytes(32))
}
