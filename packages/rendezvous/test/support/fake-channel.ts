import type { DataChannelLike } from '../../src/rtc/types.js'

/** A data channel played by hand. */
export class FakeChannel implements DataChannelLike {
  readonly label: string = 'stream'
  readonly protocol: string = 'mimir-stream.1'
  readonly ordered: boolean = true
  readyState: DataChannelLike['readyState']
  bufferedAmount = 0
  binaryType = 'blob'
  onopen: (() => void) | null = null
  onclose: (() => void) | null = null
  onerror: (() => void) | null = null
  onmessage: ((event: { readonly data: unknown }) => void) | null = null
  /** What was sent: texts, and lengths of binary messages. */
  readonly sent: (string | number)[] = []
  closes = 0

  constructor(readyState: DataChannelLike['readyState'] = 'open') {
    this.readyState = readyState
  }

  send(data: string | Uint8Array): void {
    if (this.readyState !== 'open') throw new TypeError('not open')
    this.sent.push(typeof data === 'string' ? data : data.length)
  }

  close(): void {
    this.closes++
    this.readyState = 'closed'
  }

  /** It opens. */
  open(): void {
    this.readyState = 'open'
    this.onopen?.()
  }

  /** Something comes. */
  bring(data: string | Uint8Array<ArrayBuffer>): void {
    this.onmessage?.({ data: typeof data === 'string' ? data : data.buffer })
  }
}

/** One that tells when little is buffered, as those of browsers. */
export class TellingChannel extends FakeChannel {
  bufferedAmountLowThreshold = 0
  onbufferedamountlow: (() => void) | null = null
}
