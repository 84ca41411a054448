import type { MachineLimits } from '../limits.js'
import { TokenBucket } from '../token-bucket.js'
import { ChatIds } from './chat-ids.js'

/** What is known of an open channel (rendezvous protocol B11, B12). */
export class ChannelSession {
  readonly chatIds: ChatIds
  readonly frames: TokenBucket
  /** Whether our bind was given to the channel, and whether theirs was right. */
  isBindSent = false
  isPeerBound = false
  /** What came since then, while our bind had still to be signed: the other side may wait for nothing. */
  readonly waiting: (string | Uint8Array)[] = []
  /** When anything came the last time. */
  heardMs: number
  /** When the first and the last ping went out since then. */
  askedMs: number | undefined
  pingedMs: number | undefined
  pings = 0
  badFrames = 0
  /** Bytes that they granted us, all in all. */
  grantedBytes = 0
  /** Ids, in hex, of messages of ours without acknowledgement. */
  readonly unacked: Set<string> = new Set()

  constructor(limits: MachineLimits, nowMs: number) {
    this.chatIds = new ChatIds(limits.chatIds)
    this.frames = new TokenBucket(limits.channelFramesPerSecond, limits.channelFramesBurst)
    this.heardMs = nowMs
  }

  /** Something came. */
  hear(nowMs: number): void {
    this.heardMs = nowMs
    this.askedMs = undefined
    this.pingedMs = undefined
  }
}
