import type { SeedSigner } from '@mimirjs/crypto'
import type { ByteStream } from '@mimirjs/transport'
import { encodeFrame, FrameReader, type PeerFrame } from '@mimirjs/wire/peer'

/** The initiator's side of the handshake, written by hand, for peers that misbehave afterwards. Resolves when READY. */
export function handshake(
  stream: ByteStream,
  self: SeedSigner,
  receiver: Uint8Array,
  onClosed: () => void = () => {},
): Promise<void> {
  const write = (frame: PeerFrame): boolean => stream.write(encodeFrame(frame, 'classic'))
  const reader = new FrameReader()
  return new Promise((resolve) => {
    const answer = (frame: PeerFrame): void => {
      if (frame.type === 'challenge') write({ type: 'challengeAnswer', signature: self.sign(frame.data) })
      if (frame.type === 'ok') write({ type: 'challenge2', data: new Uint8Array(32).fill(2) })
      if (frame.type !== 'challengeAnswer2') return
      write({ type: 'ok', id: 0n })
      resolve()
    }
    stream.start({
      data(chunk) {
        reader.push(chunk)
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) answer(frame)
      },
      end() {},
      drain() {},
      closed: onClosed,
    })
    write({ type: 'hello', version: 1, publicKey: self.publicKey, receiver, clientId: 1 })
  })
}
