import type { DataChannelInit, DataChannelLike } from '../rtc/types.js'

/** Where a channel's messages go through. */
export interface ChannelPath {
  /** Whether anything passes at the moment. */
  readonly isUp: boolean
  /** Call back in a turn of its own. */
  soon(callback: () => void): void
}

/** One end of a data channel in memory: what is sent waits at the other end until its turn comes. */
export class MemoryChannel implements DataChannelLike {
  readonly label: string
  readonly protocol: string
  readonly ordered: boolean
  readonly id: number
  binaryType = 'blob'
  bufferedAmountLowThreshold = 0
  readyState: DataChannelLike['readyState'] = 'connecting'
  bufferedAmount = 0
  onopen: (() => void) | null = null
  onclose: (() => void) | null = null
  onerror: (() => void) | null = null
  onmessage: ((event: { readonly data: unknown }) => void) | null = null
  onbufferedamountlow: (() => void) | null = null
  readonly #path: ChannelPath
  #other: MemoryChannel | undefined
  /** Sent by us, not yet delivered. */
  #parcels: { readonly data: string | Uint8Array; readonly isClose: boolean }[] = []
  #isTurnDue = false

  constructor(path: ChannelPath, id: number, label: string, init: DataChannelInit) {
    this.#path = path
    this.id = id
    this.label = label
    this.protocol = init.protocol
    this.ordered = init.ordered
  }

  /** The other end is there. */
  join(other: MemoryChannel): void {
    if (this.#other !== undefined || this.readyState !== 'connecting') return
    this.#other = other
    this.readyState = 'open'
    this.#path.soon(() => {
      if (this.readyState === 'open') this.onopen?.()
    })
    this.flush()
  }

  send(data: string | Uint8Array): void {
    if (this.readyState !== 'open') throw new TypeError(`send on a channel that is ${this.readyState}`)
    // Copied: a platform does, too.
    this.#push(typeof data === 'string' ? data : data.slice(), false)
  }

  close(): void {
    if (this.readyState === 'closing' || this.readyState === 'closed') return
    const wasOpen = this.readyState === 'open'
    this.readyState = 'closing'
    if (wasOpen) this.#push('', true)
    else this.cut()
  }

  /** The connection is gone, and what was on its way with it. */
  cut(): void {
    if (this.readyState === 'closed') return
    this.readyState = 'closed'
    this.#parcels = []
    this.#path.soon(() => this.onclose?.())
  }

  /** The path is back. */
  flush(): void {
    if (this.#isTurnDue || this.#parcels.length === 0) return
    this.#isTurnDue = true
    this.#path.soon(() => this.#turn())
  }

  #push(data: string | Uint8Array, isClose: boolean): void {
    this.bufferedAmount += data.length
    this.#parcels.push({ data, isClose })
    this.flush()
  }

  #turn(): void {
    this.#isTurnDue = false
    const other = this.#other
    if (!this.#path.isUp || other === undefined) return
    for (const { data, isClose } of this.#parcels.splice(0)) {
      const before = this.bufferedAmount
      this.bufferedAmount -= data.length
      if (isClose) {
        other.cut()
        this.cut()
        return
      }
      if (other.readyState === 'open') other.onmessage?.({ data: typeof data === 'string' ? data : data.buffer })
      const low = this.bufferedAmountLowThreshold
      if (before > low && this.bufferedAmount <= low) this.onbufferedamountlow?.()
    }
  }
}
