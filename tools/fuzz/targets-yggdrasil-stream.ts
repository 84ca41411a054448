import type { StreamConnection } from '../../packages/yggdrasil/src/stream/connection.js'
import { StreamStack } from '../../packages/yggdrasil/src/stream/stack.js'
import { encodeStreamPacket, StreamFlag, type StreamPacket } from '../../packages/yggdrasil/src/wire/stream-packet.js'
import { Reader } from '../../packages/yggdrasil/test/stream/support/simulation.js'
import type { Random } from './random.js'
import { Broken, type FuzzTarget } from './target.js'

const { syn: SYN, ack: ACK, fin: FIN, rst: RST, datagram: DATAGRAM } = StreamFlag
const OURS = new Uint8Array(32).fill(1)
const THEIRS = new Uint8Array(32).fill(2)
const HONEST = new Uint8Array(32).fill(3)
const SERVICE_PORT = 42
const WINDOW_BYTES = 524_288
/** What a connection may hold: a window of unread bytes and one segment, what we wrote, and blocks around small pieces. */
const MAX_HELD_BYTES = 2 * WINDOW_BYTES + 262_144 + 100_000

function packet(flags: number, fields: Partial<StreamPacket> = {}): Uint8Array {
  const ports = { sourcePort: 49_152, destinationPort: SERVICE_PORT }
  return encodeStreamPacket({
    ...ports,
    seq: 0,
    ack: 0,
    flags,
    window: WINDOW_BYTES,
    data: new Uint8Array(0),
    ...fields,
  })
}

/** Packets one after the other, each with its length in two bytes before it. */
function sequence(...packets: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(packets.flatMap((bytes) => [bytes.length >> 8, bytes.length & 0xff, ...bytes]))
}

function* packetsOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at + 2 <= bytes.length; ) {
    const length = (bytes[at]! << 8) | bytes[at + 1]!
    yield bytes.subarray(at + 2, at + 2 + length)
    at += 2 + length
  }
}

const data = (length: number): Uint8Array => new Uint8Array(length).fill(length)

/** A service that echoes, in the hands of the fuzzer. */
class Subject {
  nowMs = 0
  readonly readers: Reader[] = []
  readonly honest: Uint8Array[] = []
  readonly stack: StreamStack

  constructor() {
    this.stack = new StreamStack({
      publicKey: OURS,
      output: {
        send: (remote, bytes) => {
          if (bytes.length < 16 || bytes.length > 16 + 16_384) throw new Broken(`a packet of ${bytes.length} bytes`)
          if (remote[0] === HONEST[0]) this.honest.push(bytes.slice())
          return true
        },
      },
      randomPort: () => 0,
      limits: { connections: 32, connectionsPerKey: 24 },
      onThrow: (error) => {
        throw error
      },
    })
    this.stack.listen(SERVICE_PORT, (connection) => this.#accept(connection))
    this.stack.bindDatagrams(SERVICE_PORT, (remote, bytes) => {
      this.stack.sendDatagram(remote, SERVICE_PORT, bytes.subarray(0, 1000), this.nowMs)
    })
  }

  #accept(connection: StreamConnection): void {
    const reader = new Reader(connection)
    reader.onData = (chunk) => connection.write(chunk.slice())
    this.readers.push(reader)
  }

  receive(remote: Uint8Array, bytes: Uint8Array): void {
    this.stack.receive(remote, bytes, this.nowMs)
    this.settle()
  }

  settle(): void {
    for (let rounds = 0; this.stack.nextDeadlineMs <= this.nowMs; rounds++) {
      if (rounds > 1000) throw new Broken('time stands still')
      this.stack.advance(this.nowMs)
    }
  }

  act(random: Random): void {
    const { connection } = random.pick(this.readers)
    switch (random.below(10)) {
      case 0:
        this.nowMs += random.below(3000)
        break
      case 1:
        if (connection.isWritable) connection.write(data(random.below(40_000)))
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
        if (random.below(8) === 0) connection.abort(this.nowMs)
        break
      case 6:
        if (random.below(4) === 0) this.stack.connect(THEIRS, 1 + random.below(100), this.nowMs).abort(this.nowMs)
        break
    }
    this.settle()
  }

  check(): void {
    for (const { connection, complaints } of this.readers) {
      if (complaints.length > 0) throw new Broken(complaints.join(', '))
      if (connection.heldBytes > MAX_HELD_BYTES) throw new Broken(`a connection holds ${connection.heldBytes} bytes`)
    }
    if (this.stack.stats().connections > 32) throw new Broken('the table is over full')
  }

  /** Somebody else is served as ever. */
  serveHonest(): void {
    this.honest.length = 0
    this.receive(HONEST, packet(SYN))
    this.receive(HONEST, packet(ACK, { data: Uint8Array.of(7) }))
    const echo = this.honest.some((bytes) => bytes.length === 17 && bytes[16] === 7)
    if (!echo) throw new Broken('nobody else is served')
  }

  /** In the end nothing is left, and nothing wants time. */
  end(): void {
    this.stack.abortAll(this.nowMs)
    for (const wait of [0, 60_000, 60_000, 60_000, 60_000]) {
      this.nowMs += wait
      this.settle()
    }
    if (this.stack.stats().connections > 0) throw new Broken('connections are left')
    if (this.stack.nextDeadlineMs !== Number.POSITIVE_INFINITY) throw new Broken('it waits for ever')
    if (this.readers.some(({ closes }) => closes !== 1)) throw new Broken('an end was not told once')
  }
}

/** Any packets of one node, with the clock turned and the application at work between them. */
const stack: FuzzTarget = {
  name: 'yggdrasil.streams',
  seeds: [
    sequence(
      packet(SYN),
      packet(ACK),
      packet(ACK, { data: data(5) }),
      packet(ACK, { ack: 5, seq: 5, data: data(300) }),
    ),
    sequence(
      packet(SYN),
      packet(ACK, { data: data(9) }),
      packet(FIN, { seq: 9, window: 0 }),
      packet(ACK, { ack: 9 }),
      packet(ACK, { ack: 10 }),
    ),
    sequence(
      packet(SYN),
      packet(ACK),
      ...[8, 2, 6, 4, 1, 0].map((at) => packet(ACK, { seq: at * 100, data: data(100) })),
    ),
    sequence(
      packet(SYN),
      packet(ACK),
      packet(ACK, { data: data(50), window: 0 }),
      packet(ACK, { ack: 50, window: 0 }),
      packet(ACK, { ack: 50 }),
    ),
    sequence(packet(SYN), packet(SYN), packet(ACK), packet(SYN), packet(ACK), packet(RST), packet(FIN)),
    sequence(packet(DATAGRAM, { sourcePort: 0, data: data(20) }), packet(SYN | ACK), packet(RST), packet(ACK)),
    sequence(
      ...[1, 2, 3, 4].flatMap((port) => [
        packet(SYN, { sourcePort: port }),
        packet(ACK, { sourcePort: port, data: data(port) }),
      ]),
    ),
  ],
  feed(bytes, random) {
    const subject = new Subject()
    for (const piece of packetsOf(bytes)) {
      subject.receive(THEIRS, piece)
      if (subject.readers.length > 0) subject.act(random)
      subject.check()
    }
    subject.serveHonest()
    subject.check()
    subject.end()
  },
}

export const yggdrasilStreamTargets: readonly FuzzTarget[] = [stack]
