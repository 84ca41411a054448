import { proofOfWork, type Signer } from '@mimirjs/crypto'
import type { MediatorRequests } from '@mimirjs/wire/mediator'
import type { RawClient } from './raw-client.js'

/** The proof that CREATE_CHAT asks for; in `binary` by the loop of the originals, which counts (mediator protocol §8.4). */
export async function proofFor(
  { dialect, signer }: RawClient,
  nonce: Uint8Array,
): Promise<{ counter: number; signature: Uint8Array }> {
  const plain: Signer = { publicKey: signer.publicKey, sign: (message) => signer.sign(message) }
  return proofOfWork(dialect === 'binary' ? plain : signer, nonce)
}

/** Everything of a CREATE_CHAT, for a nonce that was asked for now. */
export async function chatRequest(
  client: RawClient,
  { name = 'chat', description = '', avatar }: { name?: string; description?: string; avatar?: Uint8Array } = {},
): Promise<MediatorRequests['createChat']> {
  const { nonce } = await client.ok('getNonce', { publicKey: client.publicKey })
  const proof = await proofFor(client, nonce)
  return { ownerPublicKey: client.publicKey, nonce, ...proof, name, description, avatar }
}
