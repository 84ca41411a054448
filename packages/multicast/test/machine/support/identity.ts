import { createSigner, type SeedSigner } from '@mimirjs/crypto'
import { parseGroup } from '../../../src/address/index.js'
import type { PeerAddress, Place } from '../../../src/machine/index.js'

/** Somebody with a key, who listens somewhere. */
export interface Identity {
  readonly signer: SeedSigner
  readonly publicKey: Uint8Array
  readonly place: Place
  /** To be connected to, or learned. */
  readonly address: PeerAddress
}

/** @param seed - the byte that fills the seed */
export function identity(seed: number | Uint8Array, group: string | Uint8Array, port: number): Identity {
  const signer = createSigner(typeof seed === 'number' ? new Uint8Array(32).fill(seed) : seed)
  const place = { group: typeof group === 'string' ? parseGroup(group) : group, port }
  return { signer, publicKey: signer.publicKey, place, address: { publicKey: signer.publicKey, ...place } }
}

/** The two parties of all vectors, and a third one. */
export const client: Identity = identity(1, 'ff1e:a2a3:a4a5:a6a7:a8a9:aaab:acad:aeaf', 1025)
export const server: Identity = identity(2, 'ff1e:b2b3:b4b5:b6b7:b8b9:babb:bcbd:bebf', 1024)
export const stranger: Identity = identity(3, 'ff1e:c2c3:c4c5:c6c7:c8c9:cacb:cccd:cecf', 1026)

/** As many as are wanted, each with its own key and group. */
export function someone(number: number): Identity {
  const seed = new Uint8Array(32)
  new DataView(seed.buffer).setUint32(0, number + 1)
  return identity(seed, `ff1e::5:${(number & 0xffff).toString(16)}`, 2000 + (number & 0x7fff))
}
