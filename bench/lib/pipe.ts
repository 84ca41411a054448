import { LengthFrames } from './length-frames.js'
import { Meter } from './meter.js'
import type { Channel, FloodOptions, FloodResult } from './stack.js'

/** What the rivals have in common: bytes go in, bytes come out. */
export interface Pipe {
  write(bytes: Uint8Array): void
  /** Write all of them in one system call without copying them together, where the stack can. */
  writeAll?(chunks: readonly Uint8Array[]): void
  onData(handler: (chunk: Uint8Array) => void): void
  reset(): void
}

/**
 * `plain`: one write per message, as the users of the stack write it. `coalesced`: all that one chunk of input causes
 * goes out as one write, which is our doing and not the stack's.
 */
export type Style = 'plain' | 'coalesced'

const ACK_BYTES = 8
/** From here on a coalescing sender hands over header and body instead of copying them together. */
const LARGE_BODY_BYTES = 4_096

/** Serve one connection: answer every body with `4 u32be | its first four bytes`. */
export function acknowledge(pipe: Pipe, style: Style): void {
  let ids: number[] = []
  const frames = new LengthFrames((bytes, start) => {
    const id = readU32(bytes, start)
    if (style === 'coalesced') ids.push(id)
    else pipe.write(ackOf(id))
  })
  pipe.onData((chunk) => {
    frames.push(chunk)
    if (ids.length === 0) return
    const acks = Buffer.allocUnsafe(ids.length * ACK_BYTES)
    for (let i = 0; i < ids.length; i++) writeAck(acks, i * ACK_BYTES, ids[i]!)
    ids = []
    pipe.write(acks)
  })
}

/** The client's end of a pipe whose server runs {@link acknowledge}. */
export class PipeChannel implements Channel {
  readonly #pipe: Pipe
  readonly #style: Style
  #nextId = 0
  #ackedId = 0
  /** Called once per chunk with the number of acknowledgements in it. */
  #onAcks: (count: number) => void = () => {}

  constructor(pipe: Pipe, style: Style) {
    this.#pipe = pipe
    this.#style = style
    let count = 0
    const frames = new LengthFrames((bytes, start) => {
      if (readU32(bytes, start) !== this.#ackedId) throw new Error('an acknowledgement came out of order')
      this.#ackedId = (this.#ackedId + 1) >>> 0
      count++
    })
    pipe.onData((chunk) => {
      frames.push(chunk)
      const acks = count
      count = 0
      if (acks > 0) this.#onAcks(acks)
    })
  }

  flood(options: FloodOptions): Promise<FloodResult> {
    const body = Buffer.alloc(options.bodyBytes, 0x61)
    const meter = new Meter(options)
    return new Promise((resolve) => {
      let inFlight = options.depth
      this.#onAcks = (count) => {
        if (!meter.acknowledged(count)) this.#send(count, body)
        else if ((inFlight -= count) === 0) resolve(meter.result)
      }
      this.#send(options.depth, body)
    })
  }

  once(): Promise<void> {
    return new Promise((resolve) => {
      this.#onAcks = () => resolve()
      this.#send(1, Buffer.alloc(100, 0x61))
    })
  }

  reset(): void {
    this.#pipe.reset()
  }

  #send(count: number, body: Uint8Array): void {
    if (this.#style === 'plain') for (let i = 0; i < count; i++) this.#pipe.write(this.#frame(body))
    else if (body.length >= LARGE_BODY_BYTES) this.#sendLarge(count, body)
    else this.#sendTogether(count, body)
  }

  #sendLarge(count: number, body: Uint8Array): void {
    if (this.#pipe.writeAll === undefined) {
      for (let i = 0; i < count; i++) this.#pipe.write(this.#frame(body))
      return
    }
    const rest = body.subarray(4)
    const chunks: Uint8Array[] = []
    for (let i = 0; i < count; i++) {
      const head = Buffer.allocUnsafe(8)
      writeU32(head, 0, body.length)
      writeU32(head, 4, this.#takeId())
      chunks.push(head, rest)
    }
    this.#pipe.writeAll(chunks)
  }

  #sendTogether(count: number, body: Uint8Array): void {
    const frameBytes = 4 + body.length
    const frames = Buffer.allocUnsafe(count * frameBytes)
    for (let i = 0, at = 0; i < count; i++, at += frameBytes) this.#frameInto(frames, at, body)
    this.#pipe.write(frames)
  }

  #frame(body: Uint8Array): Uint8Array {
    const frame = Buffer.allocUnsafe(4 + body.length)
    this.#frameInto(frame, 0, body)
    return frame
  }

  #frameInto(target: Uint8Array, at: number, body: Uint8Array): void {
    writeU32(target, at, body.length)
    target.set(body, at + 4)
    writeU32(target, at + 4, this.#takeId())
  }

  #takeId(): number {
    const id = this.#nextId
    this.#nextId = (id + 1) >>> 0
    return id
  }
}

function ackOf(id: number): Uint8Array {
  const ack = Buffer.allocUnsafe(ACK_BYTES)
  writeAck(ack, 0, id)
  return ack
}

function writeAck(target: Uint8Array, at: number, id: number): void {
  writeU32(target, at, 4)
  writeU32(target, at + 4, id)
}

function writeU32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24
  target[at + 1] = value >>> 16
  target[at + 2] = value >>> 8
  target[at + 3] = value
}

function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}
