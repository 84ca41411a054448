import {
  decodeStreamPacket,
  encodeStreamPacket,
  StreamFlag,
  type StreamPacket,
} from '../../../src/wire/stream-packet.js'
import type { Lane, Party } from './simulation.js'

const WINDOW_BYTES = 524_288
const CHUNK_BYTES = 16_384
const NEVER = Number.POSITIVE_INFINITY
const { syn: SYN, ack: ACK, fin: FIN, rst: RST } = StreamFlag

export type ReferenceState =
  | 'closed'
  | 'syn-sent'
  | 'syn-received'
  | 'established'
  | 'fin-wait-1'
  | 'fin-wait-2'
  | 'close-wait'
  | 'closing'
  | 'last-ack'
  | 'time-wait'

interface Unacked {
  readonly seq: number
  readonly data: Uint8Array
  readonly sentMs: number
}

/**
 * One connection as the original program has it (yggdrasil protocol §10.3 to §10.7), with what it leaves out: it does not
 * repeat the end of its opening or of its direction, does not ask for space, does not count an end in what it
 * acknowledges, and takes segments by their exact start only.
 */
export class ReferencePeer implements Party {
  state: ReferenceState = 'closed'
  readonly received: Uint8Array[] = []
  receivedBytes = 0
  /** The application does not read: bytes stay in the buffer, and the window shrinks. */
  isReading = true
  hasEnd = false
  resent = 0
  /** Acknowledgements that repeat a number, as it counts them. */
  repeats = 0
  readonly #lane: Lane
  readonly #localPort: number
  #remotePort = 0
  #early = new Map<number, Uint8Array>()
  #unread: Uint8Array[] = []
  #unreadBytes = 0
  #expected = 0
  #window = WINDOW_BYTES
  #nextSeq = 0
  #una = 0
  #peerWindow = WINDOW_BYTES
  #unacked: Unacked[] = []
  #finSeq = -1
  #cwnd = 32_768
  #ssthresh = WINDOW_BYTES
  #toWrite: Uint8Array = new Uint8Array(0)
  #wantsEnd = false
  // The timer fires after so long without any packet.
  #timerMs = NEVER
  #rtoMs = 500
  #backedOffMs = 500
  #smoothedMs = -1
  #variationMs = 0
  #lastAck = 0
  #stallMs = 0
  #hasCollapsed = false
  #resentSeqs = new Set<number>()
  #synAtMs: number[] = []

  constructor(lane: Lane, localPort: number) {
    this.#lane = lane
    this.#localPort = localPort
  }

  get nextDeadlineMs(): number {
    return Math.min(this.#timerMs, this.#synAtMs[0] ?? NEVER)
  }

  get unacknowledgedBytes(): number {
    return this.#nextSeq - this.#una
  }

  connect(remotePort: number, nowMs: number): void {
    this.#remotePort = remotePort
    this.state = 'syn-sent'
    this.#synAtMs = [0, 1000, 3000, 7000].map((afterMs) => nowMs + afterMs)
    this.#timerMs = nowMs + this.#backedOffMs
    this.advance(nowMs)
  }

  /** Write as the application would: what does not fit now goes out when there is room. */
  write(bytes: Uint8Array, nowMs: number): void {
    const joined = new Uint8Array(this.#toWrite.length + bytes.length)
    joined.set(this.#toWrite)
    joined.set(bytes, this.#toWrite.length)
    this.#toWrite = joined
    this.#flush(nowMs)
  }

  shutdown(nowMs: number): void {
    this.#wantsEnd = true
    this.#flush(nowMs)
  }

  /** Drop the handle: nothing is sent, the connection is gone. */
  drop(): void {
    this.state = 'closed'
    this.#timerMs = NEVER
  }

  read(nowMs: number): void {
    const before = this.#window
    this.received.push(...this.#unread)
    this.receivedBytes += this.#unreadBytes
    this.#unread = []
    this.#unreadBytes = 0
    this.#window = WINDOW_BYTES
    if (before < WINDOW_BYTES / 2 && this.state !== 'closed') this.#sendAck(nowMs)
  }

  drained(): void {}

  receive(_remote: Uint8Array, bytes: Uint8Array, nowMs: number): void {
    const packet = decodeStreamPacket(bytes)
    if (this.state === 'closed') {
      if ((packet.flags & (SYN | ACK)) === SYN) this.#accept(packet, nowMs)
      else if ((packet.flags & RST) === 0) this.#reply(packet, RST, nowMs)
      return
    }
    this.#handle(packet, nowMs)
    if (this.#una > this.#lastAck) this.#progress()
    if (this.#timerMs !== NEVER) this.#timerMs = nowMs + this.#backedOffMs
    this.#flush(nowMs)
  }

  advance(nowMs: number): void {
    if (this.state === 'syn-sent' && nowMs >= (this.#synAtMs[0] ?? NEVER)) {
      this.#synAtMs.shift()
      this.#send(SYN, 0, 0, WINDOW_BYTES, nowMs)
    }
    if (nowMs < this.#timerMs) return
    this.#timerMs = nowMs + this.#backedOffMs
    if (this.state === 'time-wait') {
      this.drop()
    } else if (this.#una > this.#lastAck || this.#unacked.length === 0) {
      this.#progress()
    } else {
      this.#timedOut(nowMs)
    }
  }

  #accept(packet: StreamPacket, nowMs: number): void {
    this.#remotePort = packet.sourcePort
    this.state = 'syn-received'
    this.#peerWindow = packet.window
    this.#timerMs = nowMs + this.#backedOffMs
    this.#send(SYN | ACK, 0, 0, WINDOW_BYTES, nowMs)
  }

  #handle(packet: StreamPacket, nowMs: number): void {
    const { flags, ack } = packet
    const isAck = (flags & ACK) !== 0
    if ((flags & RST) !== 0) {
      this.drop()
      return
    }
    const isFinAcked = this.#finSeq >= 0 && isAck && ack >= this.#finSeq + 1
    switch (this.state) {
      case 'syn-sent':
        if ((flags & SYN) !== 0 && isAck) {
          this.#peerWindow = packet.window
          this.state = 'established'
          this.#synAtMs = []
          this.#send(ACK, 0, 0, WINDOW_BYTES, nowMs)
        }
        return
      case 'syn-received':
        if (!isAck || (flags & SYN) !== 0) {
          this.#send(SYN | ACK, 0, 0, WINDOW_BYTES, nowMs)
          return
        }
        this.#peerWindow = packet.window
        this.state = 'established'
        if (packet.data.length === 0) return
        break
      case 'established':
      case 'fin-wait-1':
      case 'fin-wait-2':
        if ((flags & FIN) !== 0) {
          this.hasEnd = true
          this.state =
            this.state === 'established'
              ? 'close-wait'
              : this.state === 'fin-wait-2' || isFinAcked
                ? 'time-wait'
                : 'closing'
          this.#sendAck(nowMs)
          return
        }
        if (this.state === 'fin-wait-1' && isFinAcked) this.state = 'fin-wait-2'
        break
      case 'closing':
        if (isFinAcked) this.state = 'time-wait'
        return
      case 'last-ack':
        if (isFinAcked) this.drop()
        return
      case 'close-wait':
        break
      default:
        return
    }
    if (isAck) this.#acknowledged(packet, nowMs)
    if (packet.data.length > 0) this.#take(packet, nowMs)
  }

  #acknowledged({ ack, window, data }: StreamPacket, nowMs: number): void {
    this.#peerWindow = window
    if (ack > this.#una) {
      this.#una = ack
      const first = this.#unacked[0]
      const isWhole = first !== undefined && first.seq + first.data.length <= ack
      while (this.#unacked[0] !== undefined && this.#unacked[0].seq + this.#unacked[0].data.length <= ack) {
        this.#unacked.shift()
      }
      if (isWhole && !this.#resentSeqs.delete(first.seq)) this.#measured(nowMs - first.sentMs)
      this.repeats = 0
      const growth = this.#cwnd < this.#ssthresh ? CHUNK_BYTES : Math.floor((CHUNK_BYTES * CHUNK_BYTES) / this.#cwnd)
      this.#cwnd = Math.min(WINDOW_BYTES, this.#cwnd + growth)
    } else if (ack === this.#una && ack > 0 && data.length === 0 && ++this.repeats === 3) {
      this.#ssthresh = this.#cwnd = Math.max(this.#cwnd >> 1, CHUNK_BYTES)
      if (this.#unacked[0] !== undefined) this.#sendAgain(this.#unacked[0], nowMs)
    }
  }

  #take({ seq, data }: StreamPacket, nowMs: number): void {
    if (seq === this.#expected) {
      for (let next: Uint8Array | undefined = data.slice(); next !== undefined; ) {
        this.#keep(next)
        this.#expected += next.length
        const following: Uint8Array | undefined = this.#early.get(this.#expected)
        this.#early.delete(this.#expected)
        next = following
      }
      this.#window = Math.max(0, WINDOW_BYTES - this.#unreadBytes)
    } else if (seq > this.#expected && this.#early.size < 64) {
      this.#early.set(seq, data.slice())
    }
    this.#sendAck(nowMs)
  }

  #keep(bytes: Uint8Array): void {
    if (this.isReading) {
      this.received.push(bytes)
      this.receivedBytes += bytes.length
    } else {
      this.#unread.push(bytes)
      this.#unreadBytes += bytes.length
    }
  }

  #measured(ms: number): void {
    if (this.#smoothedMs < 0) {
      this.#smoothedMs = ms
      this.#variationMs = ms / 2
    } else {
      this.#variationMs = (this.#variationMs * 3) / 4 + Math.abs(this.#smoothedMs - ms) / 4
      this.#smoothedMs = (this.#smoothedMs * 7) / 8 + ms / 8
    }
    this.#rtoMs = Math.min(5000, Math.max(200, this.#smoothedMs + Math.max(4 * this.#variationMs, 50)))
  }

  #progress(): void {
    this.#lastAck = this.#una
    this.#stallMs = 0
    this.#hasCollapsed = false
    this.#backedOffMs = this.#rtoMs
  }

  #timedOut(nowMs: number): void {
    this.#stallMs += this.#backedOffMs
    if (this.#stallMs >= 30_000) {
      this.#send(RST, 0, 0, WINDOW_BYTES, nowMs)
      this.drop()
      return
    }
    if (!this.#hasCollapsed) {
      this.#hasCollapsed = true
      this.#ssthresh = Math.max(this.#cwnd >> 1, CHUNK_BYTES)
      this.#cwnd = CHUNK_BYTES
    }
    for (const segment of this.#unacked.slice(0, Math.max(1, Math.floor(this.#cwnd / CHUNK_BYTES)))) {
      this.#sendAgain(segment, nowMs)
    }
    this.#backedOffMs = Math.min(5000, this.#backedOffMs * 2)
    this.#timerMs = nowMs + this.#backedOffMs
  }

  #sendAgain(segment: Unacked, nowMs: number): void {
    this.resent++
    this.#resentSeqs.add(segment.seq)
    this.#send(ACK, segment.seq, this.#expected, this.#window, nowMs, segment.data)
  }

  #flush(nowMs: number): void {
    while ((this.state === 'established' || this.state === 'close-wait') && this.#toWrite.length > 0) {
      const room = Math.min(this.#peerWindow, this.#cwnd) - this.unacknowledgedBytes
      const length = Math.min(CHUNK_BYTES, room, this.#toWrite.length)
      if (length <= 0) return
      const data = this.#toWrite.slice(0, length)
      this.#toWrite = this.#toWrite.subarray(length)
      this.#unacked.push({ seq: this.#nextSeq, data, sentMs: nowMs })
      this.#send(ACK, this.#nextSeq, this.#expected, this.#window, nowMs, data)
      this.#nextSeq += length
    }
    const mayEnd = this.state === 'established' || this.state === 'close-wait'
    if (!this.#wantsEnd || !mayEnd || this.#una < this.#nextSeq) return
    this.#finSeq = this.#nextSeq++
    this.state = this.state === 'close-wait' ? 'last-ack' : 'fin-wait-1'
    this.#send(FIN, this.#finSeq, 0, 0, nowMs)
  }

  #sendAck(nowMs: number): void {
    this.#send(ACK, 0, this.#expected, this.#window, nowMs)
  }

  #send(
    flags: number,
    seq: number,
    ack: number,
    window: number,
    nowMs: number,
    data: Uint8Array = new Uint8Array(0),
  ): void {
    const ports = { sourcePort: this.#localPort, destinationPort: this.#remotePort }
    this.#lane.send(encodeStreamPacket({ ...ports, seq, ack, flags, window, data }), nowMs)
  }

  #reply({ sourcePort, destinationPort }: StreamPacket, flags: number, nowMs: number): void {
    const ports = { sourcePort: destinationPort, destinationPort: sourcePort }
    const rest = { seq: 0, ack: 0, flags, window: WINDOW_BYTES, data: new Uint8Array(0) }
    this.#lane.send(encodeStreamPacket({ ...ports, ...rest }), nowMs)
  }
}
