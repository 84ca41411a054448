import { StreamMachine } from '../../packages/multicast/src/stream/machine.js'
import {
  createAck,
  createSegment,
  decodeSegment,
  encodeReset,
  type Range,
  ResetReason,
  SEGMENT_HEAD_BYTES,
  type SegmentHead,
  SegmentType,
  writeHead,
} from '../../packages/multicast/src/stream/segment.js'
import { User } from '../../packages/multicast/test/stream/support/simulation.js'
import type { Random } from './random.js'
import { Broken, type FuzzTarget } from './target.js'

const THEIRS = new Uint8Array(32).fill(2)
const HONEST = new Uint8Array(32).fill(3)
const PAYLOAD_BYTES = 400
/** So low that a few segments reach them. */
const LIMITS = {
  streams: 6,
  streamsPerPeer: 4,
  halfOpenStreams: 3,
  halfOpenStreamsPerPeer: 2,
  windowBytes: 3000,
  receivedBytes: 5000,
  receivedBytesPerPeer: 4000,
  writtenBytes: 4000,
  endedStreams: 4,
  endedStreamsPerPeer: 3,
  resetsPerPeerPerSecond: 5,
}

function segment(
  type: SegmentType,
  head: Partial<SegmentHead> = {},
  body: Uint8Array = new Uint8Array(0),
  id = 1,
): Uint8Array {
  const payload = createSegment(type, String.fromCharCode(id).repeat(8), body.length)
  payload.set(body, SEGMENT_HEAD_BYTES)
  return headed(payload, head)
}

function ack(head: Partial<SegmentHead>, ranges: readonly Range[]): Uint8Array {
  return headed(createAck('\x01'.repeat(8), ranges), head)
}

function headed(payload: Uint8Array, head: Partial<SegmentHead>): Uint8Array {
  writeHead(payload, { number: 1, echo: 0, offset: 0, ack: 0, window: 3000, ...head })
  return payload
}

/** Segments one after the other, each with its length in two bytes before it. */
function sequence(...segments: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(segments.flatMap((bytes) => [bytes.length >> 8, bytes.length & 0xff, ...bytes]))
}

function* segmentsOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at + 2 <= bytes.length; ) {
    const length = (bytes[at]! << 8) | bytes[at + 1]!
    yield bytes.subarray(at + 2, at + 2 + length)
    at += 2 + length
  }
}

const data = (length: number): Uint8Array => new Uint8Array(length).fill(length)

/** A service that echoes, in the hands of the fuzzer. */
class Subject {
  nowMs = 1000
  readonly users: User[] = []
  readonly honest: Uint8Array[] = []
  readonly machine: StreamMachine

  constructor(random: Random) {
    this.machine = new StreamMachine(
      {
        send: (peer, payload) => {
          if (payload.length > PAYLOAD_BYTES || decodeSegment(payload) === undefined) throw new Broken('no segment')
          if (peer[0] === HONEST[0]) this.honest.push(payload.slice())
          return random.below(20) > 0 || peer[0] === HONEST[0]
        },
        renew: (peer) => this.machine.renewed(peer, random.below(2) === 0, this.nowMs),
        randomBytes: (sizeBytes) => Uint8Array.from({ length: sizeBytes }, () => random.below(256)),
        guard: (callback) => callback(),
      },
      { payloadBytes: PAYLOAD_BYTES, limits: LIMITS },
    )
    this.machine.listener = (connection) => {
      const user = new User(connection)
      user.onData = (chunk) => connection.write(chunk.slice())
      user.onEnd = () => connection.end()
      this.users.push(user)
    }
  }

  receive(peer: Uint8Array, bytes: Uint8Array): void {
    this.machine.receive(peer, bytes, this.nowMs)
    this.settle()
  }

  settle(): void {
    for (let rounds = 0; this.machine.isTouched || this.machine.deadlineMs <= this.nowMs; rounds++) {
      if (rounds > 1000) throw new Broken('time stands still')
      this.machine.advance(this.nowMs)
    }
  }

  act(random: Random): void {
    const { connection } = random.pick(this.users)
    switch (random.below(9)) {
      case 0:
        this.nowMs += random.below(3000)
        break
      case 1:
        if (connection.isWritable) connection.write(data(1 + random.below(3000)))
        break
      case 2:
        connection.pause()
        break
      case 3:
        connection.resume()
        break
      case 4:
        connection.end()
        break
      case 5:
        if (random.below(8) === 0) connection.abort()
        break
      case 6:
        if (this.machine.streamCount < LIMITS.streamsPerPeer) {
          this.users.push(new User(this.machine.open(THEIRS, 1000, this.nowMs)))
        }
        break
    }
    this.settle()
  }

  check(): void {
    const { heldBytes, streamCount, peerCount } = this.machine
    if (heldBytes < 0 || heldBytes > LIMITS.receivedBytesPerPeer) throw new Broken(`${heldBytes} bytes are held`)
    if (streamCount > LIMITS.streamsPerPeer) throw new Broken(`${streamCount} streams`)
    if (peerCount > 1) throw new Broken(`${peerCount} peers`)
  }

  /** Somebody else is served as ever. */
  serveHonest(): void {
    this.honest.length = 0
    this.receive(HONEST, segment(SegmentType.open))
    this.receive(HONEST, segment(SegmentType.data, { number: 2, echo: 1 }, Uint8Array.of(7)))
    const echo = this.honest.some((bytes) => bytes.length === SEGMENT_HEAD_BYTES + 1 && bytes.at(-1) === 7)
    if (!echo) throw new Broken('nobody else is served')
  }

  /** In the end nothing is left, and nothing wants time. */
  end(): void {
    this.machine.abortAll('aborted', this.nowMs)
    for (let passedMs = 0; passedMs < 180_000; passedMs += 10_000) {
      this.settle()
      this.nowMs += 10_000
    }
    this.settle()
    const { streamCount, peerCount, heldBytes, deadlineMs } = this.machine
    if (streamCount + peerCount + heldBytes > 0) throw new Broken(`left: ${streamCount}, ${peerCount}, ${heldBytes}`)
    if (deadlineMs !== Number.POSITIVE_INFINITY) throw new Broken('it waits for ever')
    if (this.users.some(({ isClosed }) => !isClosed)) throw new Broken('an end was not told')
  }
}

const hello = [segment(SegmentType.open), segment(SegmentType.ping, { number: 2, echo: 1 })]

/** Any segments of one peer, with the clock turned and the application at work between them. */
const streams: FuzzTarget = {
  name: 'multicast.streams',
  seeds: [
    sequence(
      ...hello,
      segment(SegmentType.data, { number: 3, echo: 1 }, data(5)),
      segment(SegmentType.data, { number: 4, echo: 2, offset: 5, ack: 5 }, data(300)),
      segment(SegmentType.fin, { number: 5, echo: 3, offset: 305, ack: 305 }),
      ack({ number: 6, echo: 5, offset: 306, ack: 306 }, []),
    ),
    sequence(
      ...hello,
      ...[8, 2, 6, 4, 1, 0].map((at, index) =>
        segment(SegmentType.data, { number: 3 + index, echo: 1, offset: at * 100 }, data(100)),
      ),
    ),
    sequence(
      ...hello,
      segment(SegmentType.data, { number: 3, echo: 1, window: 0 }, data(50)),
      segment(SegmentType.ping, { number: 4, echo: 2, window: 0 }),
      ack({ number: 5, echo: 3, window: 3000 }, [{ start: 10, end: 20 }]),
      ack({ number: 6, echo: 3, ack: 50 }, []),
    ),
    sequence(
      ...hello,
      segment(SegmentType.open),
      segment(SegmentType.accept, { number: 3 }),
      encodeReset('\x01'.repeat(8), ResetReason.aborted),
      encodeReset('\x01'.repeat(8), ResetReason.done),
      segment(SegmentType.fin, { number: 4 }),
    ),
    sequence(
      ...[1, 2, 3, 4, 5].flatMap((id) => [
        segment(SegmentType.open, {}, data(0), id),
        segment(SegmentType.data, { number: 2, echo: 1 }, data(id), id),
      ]),
    ),
  ],
  feed(bytes, random) {
    const subject = new Subject(random)
    for (const piece of segmentsOf(bytes)) {
      subject.receive(THEIRS, piece)
      if (subject.users.length > 0) subject.act(random)
      subject.check()
    }
    subject.serveHonest()
    subject.end()
  },
}

export const multicastStreamTargets: readonly FuzzTarget[] = [streams]
