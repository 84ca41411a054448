import { createSigner, type SeedSigner } from '@mimirjs/crypto'

const signerOf = (byte: number): SeedSigner => createSigner(new Uint8Array(32).fill(byte))

/** The identities of the protocol's vectors: alice dials, bob listens, eve is up to something. */
export const alice: SeedSigner = signerOf(1)
export const bob: SeedSigner = signerOf(2)
export const eve: SeedSigner = signerOf(3)
