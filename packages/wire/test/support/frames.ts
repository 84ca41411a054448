import fc from 'fast-check'
import { toHex } from '../../src/index.js'
import {
  type DataFrame,
  encodeReaction,
  joinAttachment,
  MessageType,
  type PeerFrame,
  type TextFrame,
} from '../../src/peer/index.js'

export const bytesOf = (size: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: size, maxLength: size })
export const i64: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -1000n, max: 1000n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 9_007_199_254_740_993n, 1_700_000_000_000n),
)
export const i32: fc.Arbitrary<number> = fc.integer()
const text = fc.string({ unit: 'grapheme', maxLength: 60 })

const payload = fc.uint8Array({ maxLength: 300 })
const attachmentPayload = fc
  .record({ name: text, sizeBytes: fc.nat(), text }, { requiredKeys: ['name'] })
  .chain((metadata) => payload.map((file) => joinAttachment({ metadata, file })))
const reactionPayload = fc.record({ emoji: text, replyTo: i64 }).map(encodeReaction)
const content = fc.oneof(
  fc.record({ messageType: i32, payload }),
  fc.record({ messageType: fc.constantFrom(MessageType.image, MessageType.file), payload: attachmentPayload }),
  fc.record({ messageType: fc.constant(MessageType.reaction), payload: reactionPayload }),
)

export const textFrame: fc.Arbitrary<TextFrame> = fc
  .record({
    guid: i64.filter((guid) => guid !== 0n),
    replyTo: fc.oneof(fc.constant(0n), i64),
    sendTimeMs: i64,
    editTimeMs: fc.oneof(fc.constant(0n), i64),
    content,
  })
  .map(({ content: { messageType, payload: bytes }, ...rest }) => ({
    type: 'text',
    ...rest,
    messageType,
    payload: bytes,
  }))

/** Every kind of frame that can be encoded in every generation. */
export const peerFrame: fc.Arbitrary<PeerFrame> = fc.oneof(
  fc.record(
    {
      type: fc.constant('hello' as const),
      version: i32,
      publicKey: bytesOf(32),
      receiver: bytesOf(32),
      clientId: i32,
      address: fc.oneof(bytesOf(16), bytesOf(32)),
    },
    { requiredKeys: ['type', 'version', 'publicKey', 'receiver', 'clientId'] },
  ),
  fc.record({ type: fc.constantFrom('challenge' as const, 'challenge2' as const), data: bytesOf(32) }),
  fc.record({ type: fc.constantFrom('challengeAnswer' as const, 'challengeAnswer2' as const), signature: bytesOf(64) }),
  fc.record({ type: fc.constant('infoRequest' as const), timeSeconds: i64 }),
  fc.record(
    {
      type: fc.constant('infoResponse' as const),
      timeSeconds: i64,
      nickname: text,
      info: text,
      avatar: fc.uint8Array({ minLength: 1, maxLength: 200 }),
    },
    { requiredKeys: ['type', 'timeSeconds', 'nickname', 'info'] },
  ),
  fc.record({ type: fc.constantFrom('ping' as const, 'pong' as const, 'callHang' as const) }),
  textFrame,
  fc.record({ type: fc.constant('callOffer' as const), mimeType: text, sampleRate: i32, channelCount: i32 }),
  fc.record({ type: fc.constant('callAnswer' as const), accepted: fc.boolean(), error: text }),
  fc.record({ type: fc.constant('callPacket' as const), data: fc.uint8Array({ maxLength: 200 }) }),
  fc.record({ type: fc.constant('ok' as const), id: i64 }),
  fc.record({
    type: fc.constant('unknown' as const),
    code: fc.integer({ min: 5000, max: 30_000 }),
    size: fc.constant(0),
  }),
)

export const dataFrame: fc.Arbitrary<DataFrame> = fc.record({
  guid: i64,
  replyTo: i64,
  sendTimeMs: i64,
  editTimeMs: i64,
  messageType: i32,
  data: fc.uint8Array({ maxLength: 300 }),
})

/** The frames that only the current generation has. */
export const requestFrame: fc.Arbitrary<PeerFrame> = fc.oneof(
  fc.record(
    {
      type: fc.constant('contactRequest' as const),
      message: text,
      nickname: text,
      info: text,
      avatar: fc.uint8Array({ minLength: 1, maxLength: 200 }),
    },
    { requiredKeys: ['type', 'message', 'nickname', 'info'] },
  ),
  fc.record({ type: fc.constant('contactResponse' as const), accepted: fc.boolean() }),
  fc.record({ type: fc.constant('fileRequest' as const), guid: i64, name: text, hash: bytesOf(32).map(toHex) }),
  fc.record({
    type: fc.constant('fileRange' as const),
    guid: i64,
    offset: fc.maxSafeNat(),
    maxBytes: fc.maxSafeNat(),
    name: text,
    hash: bytesOf(32).map(toHex),
  }),
  fc.record({ type: fc.constant('streamWanted' as const) }),
)

export const SAMPLE_REQUESTS: readonly PeerFrame[] = fc.sample(requestFrame, { seed: 8, numRuns: 30 })

/** A frame of every type, several of some: the same in every run. */
export const SAMPLE_FRAMES: readonly PeerFrame[] = fc.sample(peerFrame, { seed: 7, numRuns: 120 })
