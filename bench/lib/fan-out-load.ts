import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeRequestFrame } from '@mimirjs/wire/mediator'
import { chatIdOf, type FanOutPlace, HISTORY_MESSAGES, PAGE_MESSAGES, SENDERS, WINDOW } from './fan-out.js'
import { logIn, subscribeRoom } from './fan-out-client.js'
import {
  ACKNOWLEDGEMENT,
  type FrameTemplate,
  HEADER_BYTES,
  pushTemplate,
  sendTemplate,
  writeMessage,
} from './fan-out-frames.js'
import { NET_PAGES, NET_SEND, NET_SUBSCRIBE } from './fan-out-net.js'

/** Connections that are made at the same time. */
const LANES = 20
/** Share of the time that is spent before counting starts. */
const WARM_UP_SHARE = 0.3
/** So long nothing may come before a measurement begins. */
const QUIET_MS = 150
/** What is on its way must have come by then. */
const DRAIN_MS = 20_000
const PAGES_IN_FLIGHT = 4

/** Subscribers and senders of one server, in one process: what it counts are the bytes that reach the subscribers. */
export class FanOutLoad {
  readonly #place: FanOutPlace
  readonly #push: FrameTemplate = pushTemplate(1n)
  readonly #senders: Sender[] = []
  #pages: Socket | undefined
  #received = 0
  #latencies: number[] | undefined
  #lost: Error | undefined
  /** What greets subscribers is over: all that comes are messages. */
  #isCounting = false

  private constructor(place: FanOutPlace) {
    this.#place = place
  }

  static async open(place: FanOutPlace): Promise<FanOutLoad> {
    const load = new FanOutLoad(place)
    const { rooms, subscribersPerRoom } = place
    const wanted = Array.from({ length: rooms * subscribersPerRoom }, (_, index) => index)
    await inLanes(wanted, async (index) => load.#hear(index))
    for (let index = 0; index < SENDERS; index++)
      load.#senders.push(new Sender(await load.#openSender(wanted.length + index), rooms, index))
    load.#pages = await load.#openPages(wanted.length + SENDERS)
    await load.#quiet()
    return load
  }

  /** Messages written since the start. */
  get messages(): number {
    return this.#senders.reduce((sum, sender) => sum + sender.written, 0)
  }

  /** As much as goes. @returns messages per second that reached every subscriber of their room */
  async flood(durationMs: number): Promise<number> {
    const start = this.#mark()
    for (const sender of this.#senders) sender.window = WINDOW
    await sleep(durationMs * WARM_UP_SHARE)
    const [bytes, startMs] = [this.#received, performance.now()]
    await sleep(durationMs)
    const perSecond = ((this.#received - bytes) / this.#bytesPerMessage / (performance.now() - startMs)) * 1000
    for (const sender of this.#senders) sender.window = 0
    await this.#drain(start)
    return perSecond
  }

  /** So many per second. @returns milliseconds from writing a message until one subscriber of its room has read it */
  async pace(perSecond: number, durationMs: number): Promise<{ p50Ms: number; p99Ms: number }> {
    const start = this.#mark()
    const startMs = performance.now()
    let written = 0
    const latencies: number[] = []
    while (performance.now() - startMs < durationMs * (1 + WARM_UP_SHARE)) {
      const elapsedMs = performance.now() - startMs
      if (elapsedMs > durationMs * WARM_UP_SHARE) this.#latencies = latencies
      for (const due = (elapsedMs / 1000) * perSecond; written < due; written++)
        this.#senders[written % SENDERS]!.writeOne()
      for (const sender of this.#senders) sender.flush()
      await sleep(1)
    }
    await this.#drain(start)
    this.#latencies = undefined
    latencies.sort((one, other) => one - other)
    const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN
    return { p50Ms: at(0.5), p99Ms: at(0.99) }
  }

  /** @returns pages of 500 messages per second */
  async readPages(durationMs: number): Promise<number> {
    const socket = this.#pages!
    const meter = { pages: 0, startMs: 0, startPages: 0 }
    const endMs = performance.now() + durationMs * (1 + WARM_UP_SHARE)
    const warmMs = performance.now() + durationMs * WARM_UP_SHARE
    return new Promise((resolve) => {
      let inFlight = PAGES_IN_FLIGHT
      const reader = new FrameSkipper(() => {
        meter.pages++
        const nowMs = performance.now()
        if (meter.startMs === 0 && nowMs >= warmMs) Object.assign(meter, { startMs: nowMs, startPages: meter.pages })
        if (nowMs < endMs) socket.write(this.#pageRequest(meter.pages))
        else if (--inFlight === 0) {
          socket.off('data', take)
          resolve(((meter.pages - meter.startPages) / (nowMs - meter.startMs)) * 1000)
        }
      })
      const take = (chunk: Buffer): void => reader.take(chunk)
      socket.on('data', take)
      for (let index = 0; index < PAGES_IN_FLIGHT; index++) socket.write(this.#pageRequest(index))
    })
  }

  get #isBare(): boolean {
    return this.#place.server !== 'mimir-mediator'
  }

  get #bytesPerMessage(): number {
    return this.#push.frame.length * this.#place.subscribersPerRoom
  }

  /** Somewhere in the history, never the same twice in a row. */
  #pageRequest(serial: number): Uint8Array {
    if (this.#isBare) return Uint8Array.of(serial & 0xff)
    const sinceId = BigInt((serial * 97) % (HISTORY_MESSAGES - PAGE_MESSAGES))
    return encodeRequestFrame('tlv-push', 1, 'getMessagesSince', { chatId: chatIdOf(0), sinceId, limit: PAGE_MESSAGES })
  }

  async #hear(index: number): Promise<void> {
    const { rooms } = this.#place
    const room = index % rooms
    const socket = this.#isBare
      ? await this.#openBare(NET_SUBSCRIBE, room)
      : await subscribeRoom(this.#place, room, index)
    // One subscriber of each room reads the times; the others only count.
    const probe = index < rooms ? new Probe(this.#push, (latencyMs) => this.#latencies?.push(latencyMs)) : undefined
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.length
      if (this.#isCounting) probe?.take(chunk)
    })
    socket.on('close', () => (this.#lost = new Error('a subscriber was cut')))
  }

  async #openSender(member: number): Promise<Socket> {
    return this.#isBare ? this.#openBare(NET_SEND, 0) : (await logIn(this.#place.port, member)).release()
  }

  async #openPages(member: number): Promise<Socket> {
    return this.#isBare ? this.#openBare(NET_PAGES, 0) : (await logIn(this.#place.port, member)).release()
  }

  async #openBare(kind: number, room: number): Promise<Socket> {
    const socket = connect({ port: this.#place.port, host: '127.0.0.1', noDelay: true })
    socket.write(Uint8Array.of(kind, room))
    await once(socket, 'data')
    return socket
  }

  #mark(): { bytes: number; messages: number } {
    return { bytes: this.#received, messages: this.messages }
  }

  /** Until all that was written has reached everybody, to the byte. */
  async #drain(start: { bytes: number; messages: number }): Promise<void> {
    const deadlineMs = performance.now() + DRAIN_MS
    const expected = (): number => (this.messages - start.messages) * this.#bytesPerMessage
    while (this.#received - start.bytes < expected() || this.#senders.some((sender) => sender.open > 0)) {
      if (this.#lost) throw this.#lost
      if (performance.now() > deadlineMs)
        throw new Error(`${this.#received - start.bytes} of ${expected()} bytes reached the subscribers`)
      await sleep(5)
    }
    if (this.#received - start.bytes !== expected()) throw new Error('more reached the subscribers than was written')
  }

  /** What greets a subscriber, and tells others of it, has come. */
  async #quiet(): Promise<void> {
    for (let before = -1; before !== this.#received; ) {
      before = this.#received
      await sleep(QUIET_MS)
    }
    if (this.#lost) throw this.#lost
    this.#isCounting = true
  }
}

/** One connection that writes: as much as its window allows, or what it is told. */
class Sender {
  readonly #socket: Socket
  readonly #templates: readonly FrameTemplate[]
  readonly #index: number
  #buffer: Buffer = Buffer.alloc(0)
  #filled = 0
  #flushed = 0
  #ackBytes = 0
  #window = 0
  written = 0

  constructor(socket: Socket, rooms: number, index: number) {
    this.#socket = socket
    this.#index = index
    this.#templates = Array.from({ length: rooms }, (_, room) => sendTemplate(chatIdOf(room), index))
    socket.on('data', (chunk: Buffer) => this.#acknowledged(chunk))
  }

  /** Messages without an answer. */
  get open(): number {
    return this.written - Math.floor(this.#ackBytes / ACKNOWLEDGEMENT.length)
  }

  set window(window: number) {
    this.#window = window
    this.#fill()
  }

  writeOne(): void {
    const template = this.#templates[(this.written + this.#index) % this.#templates.length]!
    const size = template.frame.length
    // What was handed to the socket may still be waiting there: never written over.
    if (this.#filled + size > this.#buffer.length) {
      this.flush()
      this.#buffer = Buffer.allocUnsafeSlow(size * 1_024)
      this.#filled = this.#flushed = 0
    }
    writeMessage(template, this.#buffer, this.#filled, ++this.written)
    this.#filled += size
  }

  flush(): void {
    if (this.#filled > this.#flushed) this.#socket.write(this.#buffer.subarray(this.#flushed, this.#filled))
    this.#flushed = this.#filled
  }

  #fill(): void {
    while (this.open < this.#window) this.writeOne()
    this.flush()
  }

  #acknowledged(chunk: Buffer): void {
    // All answers are of one size; one that is not OK would be the first byte of it.
    const into = this.#ackBytes % ACKNOWLEDGEMENT.length
    const first = into === 0 ? 0 : ACKNOWLEDGEMENT.length - into
    for (let at = first; at < chunk.length; at += ACKNOWLEDGEMENT.length)
      if (chunk[at] !== 0) throw new Error(`a message was refused: ${chunk.toString('latin1', at + HEADER_BYTES + 2)}`)
    this.#ackBytes += chunk.length
    this.#fill()
  }
}

/** Reads the time out of every frame: all are of one size. */
class Probe {
  readonly #template: FrameTemplate
  readonly #onLatency: (ms: number) => void
  /** Bytes of the frame that has begun. */
  #into = 0

  constructor(template: FrameTemplate, onLatency: (ms: number) => void) {
    this.#template = template
    this.#onLatency = onLatency
  }

  /** A time that is cut by the end of a chunk is left out. */
  take(chunk: Buffer): void {
    const { frame, blobOffset } = this.#template
    const nowMs = performance.now()
    for (let at = blobOffset - this.#into; at + 8 <= chunk.length; at += frame.length)
      if (at >= 0) this.#onLatency(nowMs - chunk.readDoubleBE(at))
    this.#into = (this.#into + chunk.length) % frame.length
  }
}

/** Counts frames of any size without looking into them. */
class FrameSkipper {
  readonly #onFrame: () => void
  #header = Buffer.alloc(0)
  /** Bytes of the payload that are still to come. */
  #left = 0

  constructor(onFrame: () => void) {
    this.#onFrame = onFrame
  }

  take(chunk: Buffer): void {
    for (let rest = chunk; rest.length > 0; ) {
      if (this.#left === 0) {
        const header = Buffer.concat([this.#header, rest.subarray(0, HEADER_BYTES - this.#header.length)])
        rest = rest.subarray(header.length - this.#header.length)
        this.#header = header
        if (header.length < HEADER_BYTES) return
        if (header[0] !== 0) throw new Error('a page was refused')
        this.#left = header.readUInt32BE(HEADER_BYTES - 4)
        this.#header = Buffer.alloc(0)
      }
      const taken = Math.min(this.#left, rest.length)
      this.#left -= taken
      rest = rest.subarray(taken)
      if (this.#left === 0) this.#onFrame()
    }
  }
}

async function inLanes(items: readonly number[], work: (item: number) => Promise<void>): Promise<void> {
  const left = [...items]
  const lane = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}
