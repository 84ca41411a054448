import { isWireError } from '@mimirjs/wire'
import type { TlvCodec, TlvTable, TlvValue } from '@mimirjs/wire/tlv'

/** What a request is answered with instead of OK. The texts are those of the original: clients look at some of them. */
export class Refusal extends Error {}

const FIELDS: Readonly<Record<string, string>> = {
  publicKey: 'missing or invalid pubkey',
  nonce: 'missing or invalid nonce',
  signature: 'missing or invalid signature',
  fileHash: 'missing or invalid file hash',
  guid: 'missing or invalid message guid',
  offsetBytes: 'missing or invalid offset',
  totalBytes: 'missing or invalid total size',
  chunk: 'missing chunk data',
}

/** @throws a Refusal that names the first field at fault, in the order of the table */
export function readMessage<T extends TlvTable>(codec: TlvCodec<T>, payload: Uint8Array): TlvValue<T> {
  try {
    return codec.decode(payload)
  } catch (error) {
    if (!isWireError(error)) throw error
    throw new Refusal((error.field === undefined ? undefined : FIELDS[error.field]) ?? 'bad tlv payload')
  }
}
