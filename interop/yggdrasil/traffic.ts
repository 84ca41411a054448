import type { EchoReport, EchoRun, LoadReport, LoadRun } from './go-node.js'

/** Of a node of ours, what the traffic below needs: raw packets. */
export interface PacketNode {
  send(key: Uint8Array, packet: Uint8Array): void
  /** Hands every packet that comes in to the handler, as views that are valid during the call. */
  receive(handler: (from: Uint8Array, packet: Uint8Array) => void): unknown
}

// The first byte of the packets that the programs of this suite exchange; node/inbox.go has the same table.
const KIND = {
  /** A question of 9 bytes or more, whose answer has `pong` in its first byte and is the same otherwise. */
  ping: 0x50,
  pong: 0x52,
  /** A load packet: kind, u16be how many of them to acknowledge together, filling. */
  load: 0x4c,
  /** kind, u64be how many load packets came from you in all. */
  loadAck: 0x41,
} as const
const QUESTION_BYTES = 10
const LOAD_HEADER_BYTES = 3
/** What is under way counts as lost after this silence, and the window is filled anew. */
const LOAD_STALL_MS = 200
/** Without any acknowledgement for so long after the warm-up a load fails. */
const LOAD_START_MS = 10_000

/** After so many silences one after the other an echo is over. */
const MAX_STALLS = 5

/** Sees a packet first; `true` means that nobody else shall. */
type Handler = (from: Uint8Array, packet: Uint8Array) => boolean

/** What a Go node of this suite does with packets, done by one of ours. */
export class Traffic {
  readonly #node: PacketNode
  readonly #handlers = new Set<Handler>()
  readonly #loads = new Map<string, number>()
  #mode: 'keep' | 'echo' = 'keep'
  #kept: { from: Uint8Array; packet: Uint8Array }[] = []
  #lastNonce = 0

  constructor(node: PacketNode) {
    this.#node = node
    node.receive((from, packet) => this.#received(from, packet))
  }

  setMode(mode: 'keep' | 'echo'): void {
    this.#mode = mode
  }

  /** What was kept since the last time. */
  packets(): { from: Uint8Array; packet: Uint8Array }[] {
    return this.#kept.splice(0)
  }

  /**
   * Ask every key until it answers or the time is over.
   *
   * @returns milliseconds until the first answer, by key as hex; who never answered is absent
   */
  async ping(keys: readonly Uint8Array[], timeoutMs: number, everyMs = 250): Promise<Map<string, number>> {
    const startMs = performance.now()
    const answered = new Map<string, number>()
    const wanted = new Map(keys.map((key) => [hex(key), key]))
    const question = new Uint8Array(QUESTION_BYTES)
    const view = new DataView(question.buffer)
    question[0] = KIND.ping
    // Two nodes may ask each other at once, and each one several times.
    view.setUint32(1, Math.random() * 2 ** 32)
    view.setUint32(5, ++this.#lastNonce)
    return await new Promise((resolve) => {
      const ask = (): void => {
        for (const [name, key] of wanted) if (!answered.has(name)) this.#node.send(key, question)
      }
      const again = setInterval(ask, everyMs)
      const finish = (): void => {
        clearInterval(again)
        clearTimeout(timeout)
        this.#handlers.delete(handler)
        resolve(answered)
      }
      const timeout = setTimeout(finish, timeoutMs)
      const handler: Handler = (from, packet) => {
        if (packet[0] !== KIND.pong || !question.subarray(1, 9).every((byte, index) => packet[index + 1] === byte))
          return false
        const name = hex(from)
        if (wanted.has(name) && !answered.has(name)) answered.set(name, performance.now() - startMs)
        if (answered.size === wanted.size) finish()
        return true
      }
      this.#handlers.add(handler)
      ask()
    })
  }

  /** Packets of many sizes to somebody who returns them, each compared when it comes back. */
  echo(key: Uint8Array, run: EchoRun): Promise<EchoReport> {
    const startMs = performance.now()
    const content = new Content(run)
    const from = hex(key)
    const waiting: Uint8Array[] = []
    let waitingBytes = 0
    let stalls = 0
    const report = { sent: 0, returned: 0, lost: 0, wrong: 0, bytes: 0 }
    return new Promise((resolve) => {
      const fill = (): void => {
        while (report.sent < run.count) {
          const packet = content.packet(report.sent)
          if (waitingBytes > 0 && waitingBytes + packet.length > run.windowBytes) break
          waiting.push(packet)
          waitingBytes += packet.length
          report.sent++
          report.bytes += packet.length
          this.#node.send(key, packet)
        }
      }
      const take = (count: number): void => {
        for (const { length } of waiting.splice(0, count)) waitingBytes -= length
      }
      const goOn = (): void => {
        if (report.returned + report.lost === run.count || stalls === MAX_STALLS) {
          clearInterval(stall)
          this.#handlers.delete(handler)
          resolve({ ...report, ms: performance.now() - startMs })
        } else {
          fill()
        }
      }
      const stall = setInterval(() => {
        stalls++
        report.lost += waiting.length
        take(waiting.length)
        goOn()
      }, run.stallMs)
      const handler: Handler = (sender, packet) => {
        if (hex(sender) !== from) return false
        // What comes arrives in order, so those before it are lost; it may be left from finding each other as well.
        const index = waiting.findIndex((sent) => Buffer.compare(sent, packet) === 0)
        if (index < 0) {
          if (!isQuestionOrAnswer(packet)) report.wrong++
          return true
        }
        report.lost += index
        report.returned++
        stalls = 0
        take(index + 1)
        stall.refresh()
        goOn()
        return true
      }
      this.#handlers.add(handler)
      fill()
    })
  }

  /** As many packets as the receiver takes: a window of them is under way, and it acknowledges every few. */
  load(key: Uint8Array, run: LoadRun): Promise<LoadReport> {
    const packet = new Uint8Array(run.packetBytes)
    packet[0] = KIND.load
    new DataView(packet.buffer).setUint16(1, run.ackEvery)
    const from = hex(key)
    // The receiver goes on counting from one run to the next: the first acknowledgement says where it stands.
    let base: number | undefined
    let [sent, received, lost] = [0, 0, 0]
    const measureFromMs = performance.now() + run.warmUpMs
    let measured: { sinceMs: number; received: number; lost: number } | undefined
    return new Promise((resolve, reject) => {
      const fill = (): void => {
        for (; sent - received - lost < run.windowPackets; sent++) this.#node.send(key, packet)
      }
      const finish = (settle: () => void): void => {
        clearInterval(silence)
        this.#handlers.delete(handler)
        settle()
      }
      const silence = setInterval(() => {
        lost = sent - received
        if (base === undefined && performance.now() - measureFromMs > LOAD_START_MS)
          finish(() => reject(new Error('load: no acknowledgement came')))
        else fill()
      }, LOAD_STALL_MS)
      const handler: Handler = (sender, answer) => {
        if (answer.length !== 9 || answer[0] !== KIND.loadAck || hex(sender) !== from) return false
        const count = Number(new DataView(answer.buffer, answer.byteOffset).getBigUint64(1))
        base ??= count - Math.min(count, run.ackEvery)
        received = count - base
        if (received + lost > sent) lost = Math.max(0, sent - received)
        silence.refresh()
        const nowMs = performance.now()
        if (measured === undefined) {
          if (nowMs >= measureFromMs) measured = { sinceMs: nowMs, received, lost }
        } else if (nowMs - measured.sinceMs >= run.durationMs) {
          const report = {
            packets: received - measured.received,
            elapsedMs: nowMs - measured.sinceMs,
            lost: Math.max(0, lost - measured.lost),
            all: received,
          }
          finish(() => resolve(report))
          return true
        }
        fill()
        return true
      }
      this.#handlers.add(handler)
      fill()
    })
  }

  #received(from: Uint8Array, packet: Uint8Array): void {
    for (const handler of this.#handlers) if (handler(from, packet)) return
    if (this.#mode === 'echo') {
      this.#node.send(from.slice(), packet.slice())
    } else if (packet[0] === KIND.load && packet.length >= LOAD_HEADER_BYTES) {
      this.#acknowledge(from, packet)
    } else if (packet[0] === KIND.ping && packet.length >= 9) {
      const answer = packet.slice()
      answer[0] = KIND.pong
      this.#node.send(from.slice(), answer)
    } else {
      this.#kept.push({ from: from.slice(), packet: packet.slice() })
    }
  }

  #acknowledge(from: Uint8Array, packet: Uint8Array): void {
    const name = Buffer.from(from.buffer, from.byteOffset, from.length).toString('latin1')
    const count = (this.#loads.get(name) ?? 0) + 1
    this.#loads.set(name, count)
    const every = ((packet[1] ?? 0) << 8) | (packet[2] ?? 0)
    if (every === 0 || count % every !== 0) return
    const answer = new Uint8Array(9)
    answer[0] = KIND.loadAck
    new DataView(answer.buffer).setBigUint64(1, BigInt(count))
    this.#node.send(from.slice(), answer)
  }
}

/** Of those that {@link Traffic.ping} makes. */
function isQuestionOrAnswer(packet: Uint8Array): boolean {
  return packet.length === QUESTION_BYTES && (packet[0] === KIND.ping || packet[0] === KIND.pong)
}

/** Size and content of a packet follow from the seed and its index alone; the sizes lie evenly on a logarithmic scale. */
class Content {
  readonly #run: EchoRun
  readonly #pool: Uint8Array

  constructor(run: EchoRun) {
    this.#run = run
    const words = new Uint32Array(run.maxBytes / 2 + 2)
    const random = new Random(run.seed)
    for (let index = 0; index < words.length; index++) words[index] = random.next()
    this.#pool = new Uint8Array(words.buffer)
  }

  packet(index: number): Uint8Array {
    const { minBytes, maxBytes, seed } = this.#run
    const random = new Random(seed ^ Math.imul(index + 1, 0x9e3779b1))
    const size = Math.min(maxBytes, Math.floor(minBytes * ((maxBytes + 1) / minBytes) ** random.fraction()))
    const start = Math.floor(random.fraction() * (this.#pool.length - size))
    const packet = this.#pool.slice(start, start + size)
    // Those that share a part of the pool differ all the same, if they have room for it.
    if (size >= 4) new DataView(packet.buffer).setUint32(0, index)
    return packet
  }
}

/** Good enough for content, and the same every time. */
class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }

  fraction(): number {
    return this.next() / 2 ** 32
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}
