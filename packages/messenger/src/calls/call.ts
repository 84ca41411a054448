/** What an offer says of the sound. The packets are yours: nothing here makes, reads or converts sound. */
export interface CallMedia {
  /** Kind of the packets, for example `audio/aac`; at most 255 bytes. */
  readonly mimeType: string
  /** Samples per second and channel. */
  readonly sampleRate: number
  readonly channelCount: number
}

/** What to say in the offer. Default: what the originals say, `audio/aac`, 44 100 Hz, one channel. */
export interface CallOptions extends Partial<CallMedia> {
  /** Give up before the call is placed. Afterwards it means nothing: {@link Call.hangUp} ends the call. */
  readonly signal?: AbortSignal
}

export type CallState = 'ringing' | 'talking' | 'ended'

/**
 * Why a call ended. `hung-up`: one of the two ended it, also before it was answered. `busy`: they are in another call, as
 * far as their program says so. `no-answer`: it rang for 60 s. `lost`: the connection ended and no other took its place
 * within 5 s. `failed`: a fault of ours; please report it.
 */
export type CallEndReason = 'hung-up' | 'declined' | 'busy' | 'no-answer' | 'lost' | 'failed'

export interface CallEnd {
  readonly reason: CallEndReason
}

/** Packets since the call began. */
export interface CallStats {
  /** Handed to the network. */
  readonly sent: number
  readonly received: number
  /** Not sent, because the stream did not drain or nobody was there. */
  readonly droppedOut: number
  /** Received and pushed out of the queue by newer ones. */
  readonly droppedIn: number
}

/**
 * A call between two people: signalling, and packets of sound both ways. Sound that cannot leave now is dropped, and of
 * what arrives the newest is kept: a call is live, or it is nothing.
 *
 * The promises never reject.
 */
export interface Call {
  /** Public key of the other person, 64 lower-case hex digits. */
  readonly peer: string
  /** When both call at once, both are outgoing, and talking. */
  readonly direction: 'incoming' | 'outgoing'
  readonly state: CallState
  /** What the caller's offer says. In an incoming call it is as it came: check it before you trust it. */
  readonly media: CallMedia
  readonly stats: CallStats
  /** `true` when the other side is known to have the offer; `false` when the call ended before. */
  readonly ringing: Promise<boolean>
  /** `true` when the two talk; `false` when the call ended before. */
  readonly answered: Promise<boolean>
  readonly ended: Promise<CallEnd>
  /** Take an incoming call. @throws {MessengerError} `call` unless it is incoming and ringing */
  accept(): void
  /** Turn an incoming call down. @throws {MessengerError} `call` unless it is incoming and ringing */
  decline(): void
  /** End the call, whatever its state. */
  hangUp(): void
  /**
   * Send one packet, at most 64 KiB. Its bytes may be handed on by reference: do not change them.
   * @returns false when it was dropped, because what was sent before has not left yet or the two do not talk
   * @throws {MessengerError} `too-large` | `bad-content`
   */
  send(packet: Uint8Array): boolean
  /**
   * Packets as they come. A queue of the newest `limit` (default 50) stands before it: who reads slowly loses the
   * oldest. It ends with the call, after what is still in the queue. All iterators share the queue.
   * @throws {RangeError} for a limit that is no whole number from 1 to 10 000
   */
  packets(options?: { readonly limit?: number }): AsyncGenerator<Uint8Array, void, void>
}

/** Somebody called and nobody took the call. */
export interface MissedCall {
  /** Public key, 64 lower-case hex digits. */
  readonly peer: string
  /** When the offer came. */
  readonly at: Date
}
