import { type ByteStream, type Clock, TransportError } from '@mimirjs/transport'
import type { StreamLimits } from './limits.js'
import { STREAM_CHANNEL, StreamChannel, type StreamChannelParts, type StreamEnds } from './stream-channel.js'
import type { DataChannelLike } from './types.js'

export interface LinkStreamsParts {
  readonly limits: StreamLimits
  readonly clock: Clock
  /** A further channel of the connection. */
  openChannel(label: string, protocol: string): DataChannelLike
  /** Something came over a channel. @returns whether the link is open, so that it may be taken */
  readonly heard: () => boolean
  /** The number of streams changed. */
  readonly changed: () => void
}

/** A link that is open. */
export interface OpenLink {
  readonly ends: StreamEnds
  /** Who takes the streams that the other side opens, at the moment; `undefined`: nobody. */
  readonly taker: () => ((stream: ByteStream) => void) | undefined
}

/** The streams of one connection beside its own channel, of both directions. */
export class LinkStreams {
  readonly #parts: LinkStreamsParts
  /** Those that are not over. */
  readonly #alive = new Set<StreamChannel>()
  /** And those that are, and close. */
  readonly #channels = new Set<StreamChannel>()
  /** Channels of the other side that came before both have proved who they are. */
  readonly #early = new Set<StreamChannel>()
  #link: OpenLink | undefined
  #cause: Error | undefined
  /** Of streams that are over. */
  #sentBytes = 0
  #receivedBytes = 0

  constructor(parts: LinkStreamsParts) {
    this.#parts = parts
  }

  /** Those that are open or opening. */
  get size(): number {
    return this.#alive.size
  }

  get sentBytes(): number {
    return this.#sum('sentBytes', this.#sentBytes)
  }

  get receivedBytes(): number {
    return this.#sum('receivedBytes', this.#receivedBytes)
  }

  /** Both have proved who they are. */
  linkOpened(link: OpenLink): void {
    this.#link = link
    for (const channel of this.#early) {
      this.#offer(channel, link)
      channel.release()
    }
    this.#early.clear()
  }

  /** The link is over. */
  linkClosed(cause: Error): void {
    if (this.#cause !== undefined) return
    this.#cause = cause
    for (const channel of [...this.#channels]) channel.closed(cause)
  }

  /**
   * Open a stream. Resolves when the other side has taken it.
   * @throws {TransportError} `refused` | `reset` when the link ends before | the reason of `signal`
   */
  open(signal: AbortSignal): Promise<ByteStream> {
    return new Promise((resolve, reject) => {
      const ends = this.#requireRoom()
      const onAbort = (): void => {
        reject(signal.reason as Error)
        channel.leave()
      }
      const channel = this.#add(this.#parts.openChannel(STREAM_CHANNEL.label, STREAM_CHANNEL.protocol), {
        isOpener: true,
        isHeld: false,
        taken: () => {
          signal.removeEventListener('abort', onAbort)
          resolve(channel.attach(ends, this.#parts.limits))
        },
        over: () => {
          signal.removeEventListener('abort', onAbort)
          reject(this.#notTaken(`dial ${ends.remoteAddress}`))
        },
      })
      signal.addEventListener('abort', onAbort)
    })
  }

  /** The other side opened a channel. */
  incoming(channel: DataChannelLike): void {
    const { label, protocol, ordered } = channel
    const isStream = label === STREAM_CHANNEL.label && protocol === STREAM_CHANNEL.protocol && ordered
    // Whoever knows already who we are may open all that he may have, before we know it of him.
    const most = (this.#link === undefined ? 1 : 2) * this.#parts.limits.streamsPerLink
    if (!isStream || this.#channels.size >= most || this.#cause !== undefined) {
      channel.close()
      return
    }
    const link = this.#link
    const isHeld = link === undefined
    const added = this.#add(channel, { isOpener: false, isHeld, taken: () => {}, over: () => {} })
    if (isHeld) this.#early.add(added)
    else this.#offer(added, link)
  }

  #offer(channel: StreamChannel, { ends, taker }: OpenLink): void {
    channel.whenOpen(() => {
      const take = this.size > this.#parts.limits.streamsPerLink ? undefined : taker()
      if (take === undefined) channel.leave()
      else take(channel.attach(ends, this.#parts.limits))
    })
  }

  #add(channel: DataChannelLike, parts: Omit<StreamChannelParts, 'clock' | 'heard' | 'closed'>): StreamChannel {
    const { clock, changed, heard } = this.#parts
    const added = new StreamChannel(channel, {
      ...parts,
      clock,
      heard,
      over: () => {
        this.#alive.delete(added)
        parts.over()
        changed()
      },
      closed: () => {
        this.#channels.delete(added)
        this.#early.delete(added)
        this.#sentBytes += added.sentBytes
        this.#receivedBytes += added.receivedBytes
      },
    })
    this.#channels.add(added)
    this.#alive.add(added)
    changed()
    return added
  }

  /** @throws {TransportError} `reset` | `refused` */
  #requireRoom(): StreamEnds {
    if (this.#cause !== undefined) throw this.#notTaken('dial')
    if (this.#link === undefined) throw new TransportError('reset', 'dial: the link is not open yet')
    const { ends } = this.#link
    const { streamsPerLink } = this.#parts.limits
    const isRoom = this.size < streamsPerLink && this.#channels.size < 2 * streamsPerLink
    if (isRoom) return ends
    const text = `expected at most ${streamsPerLink} streams at once on one link: end some, or raise limits.streamsPerLink`
    throw new TransportError('refused', `dial ${ends.remoteAddress}: ${text}`)
  }

  #notTaken(doing: string): TransportError {
    const cause = this.#cause
    if (cause !== undefined) return new TransportError('reset', `${doing}: the link ended: ${cause.message}`, { cause })
    return new TransportError('refused', `${doing}: nobody takes streams there, or has as many as it takes`)
  }

  #sum(name: 'sentBytes' | 'receivedBytes', before: number): number {
    return [...this.#channels].reduce((sum, channel) => sum + channel[name], before)
  }
}
