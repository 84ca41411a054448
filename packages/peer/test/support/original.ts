// The other side of the current generation, written by hand from the protocol: what it writes is put together here, not
// by the package under test, and its challenges are not bound, as those of the original clients.

import { createHash } from 'node:crypto'
import type { SeedSigner } from '@mimirjs/crypto'
import type { ByteStream, StreamTransport } from '@mimirjs/transport'
import { encodeFrame } from '@mimirjs/wire/peer'
import { WireEnd } from './wire-end.js'

export const OPEN_CONTROL: Uint8Array = Uint8Array.of(0)
export const OPEN_DATA: Uint8Array = Uint8Array.of(1)

export interface Shaken {
  readonly control: WireEnd
  /** What ties data streams to this connection where no node keys are proven. */
  readonly token: Uint8Array
}

/** Dial, and do the seven steps as the one who dialled. @param lastOk - leave out the last of them */
export async function dialByHand(
  transport: StreamTransport,
  address: string,
  self: SeedSigner,
  receiver: Uint8Array,
  { lastOk = true, challenge = new Uint8Array(32).fill(0x5a) }: { lastOk?: boolean; challenge?: Uint8Array } = {},
): Promise<Shaken> {
  const control = await WireEnd.dial(transport, address)
  control.write(
    OPEN_CONTROL,
    encodeFrame({ type: 'hello', version: 1, publicKey: self.publicKey, receiver, clientId: 1 }, 'current'),
  )
  const c1 = (await control.take('challenge')).data
  const s1 = self.sign(c1)
  control.frame({ type: 'challengeAnswer', signature: s1 })
  await control.take('ok')
  control.frame({ type: 'challenge2', data: challenge })
  const s2 = (await control.take('challengeAnswer2')).signature
  if (lastOk) control.frame({ type: 'ok', id: 0n })
  return { control, token: tokenOf(self.publicKey, receiver, [c1, s1, challenge, s2]) }
}

/** Answer a control stream, from its role byte on. */
export async function answerByHand(
  stream: ByteStream | WireEnd,
  self: SeedSigner,
): Promise<Shaken & { hello: Uint8Array }> {
  const control = stream instanceof WireEnd ? stream : new WireEnd(stream)
  await control.until(() => control.bytes.length >= 1 + 16 + 80)
  const first = control.bytes
  if (first[0] !== 0) throw new Error(`a control stream begins with ${first[0]}`)
  control.chunks.splice(0, control.chunks.length, first.slice(1))
  const { publicKey } = await control.take('hello')
  const initiator = publicKey.slice()
  const c1 = new Uint8Array(32).fill(0xc1)
  control.frame({ type: 'challenge', data: c1 })
  const s1 = (await control.take('challengeAnswer')).signature
  control.frame({ type: 'ok', id: 0n })
  const c2 = (await control.take('challenge2')).data
  const s2 = self.sign(c2)
  control.frame({ type: 'challengeAnswer2', signature: s2 })
  await control.take('ok')
  return { control, hello: first.slice(0, 97), token: tokenOf(initiator, self.publicKey, [c1, s1, c2, s2]) }
}

function tokenOf(initiator: Uint8Array, acceptor: Uint8Array, words: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256').update('mimir-peer-data-1\0').update(initiator).update(acceptor)
  for (const word of words) hash.update(word)
  return new Uint8Array(hash.digest())
}
