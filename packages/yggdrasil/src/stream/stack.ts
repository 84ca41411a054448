import { YggdrasilError } from '../error.js'
import { isKeyAt } from '../key.js'
import { DEFAULT_LIMITS, type StreamLimits } from '../limits.js'
import {
  decodeStreamPacket,
  encodeStreamPacket,
  STREAM_HEADER_BYTES,
  StreamFlag,
  type StreamPacket,
  writeStreamPacket,
} from '../wire/stream-packet.js'
import { type ConnectionHost, StreamConnection } from './connection.js'
import { MAX_SEGMENT_BYTES, OPEN_TIMEOUT_MS, WINDOW_BYTES } from './constants.js'
import { Deadlines } from './deadlines.js'
import { Opening } from './opening.js'
import { Ports } from './ports.js'
import { KeyedLimit, type Remote } from './remote.js'
import type { SendBuffer } from './send-buffer.js'
import { ConnectionTable } from './table.js'
import type { ConnectionHandler, DatagramHandler, StreamOutput, StreamStackOptions, StreamStats } from './types.js'

const { syn: SYN, ack: ACK, rst: RST, datagram: DATAGRAM } = StreamFlag
const NOTHING = new Uint8Array(0)
/** Packets to ourselves that wait for the next `advance`; more are lost, as they would be on the way to others. */
const MAX_LOOPED_PACKETS = 256

/** A port on which connections are taken. */
interface PortListener {
  readonly onConnection: ConnectionHandler
  halfOpen: number
}

/**
 * Streams and datagrams of ygg_stream 0.2 for one node: a machine without I/O, clock or chance. It is told packets, the
 * time, and what the application wants; it gives packets and its next deadline. `output.send` must not lead back into
 * {@link receive} before it returns. yggdrasil protocol §10
 */
export class StreamStack {
  readonly publicKey: Uint8Array
  readonly #output: StreamOutput
  readonly #onThrow: (error: unknown) => void
  readonly #limits: StreamLimits
  readonly #table: ConnectionTable
  readonly #ports: Ports
  readonly #listeners = new Map<number, PortListener>()
  readonly #datagramPorts = new Map<number, DatagramHandler>()
  /** Connections that came and are not open yet, with where they came. */
  readonly #halfOpen = new Map<StreamConnection, PortListener>()
  readonly #blocked = new Set<Remote>()
  readonly #deadlines = new Deadlines<StreamConnection>()
  #listed: StreamConnection[] = []
  #looped: Uint8Array[] = []
  readonly #resetLimit: KeyedLimit
  readonly #packet = new Uint8Array(STREAM_HEADER_BYTES + MAX_SEGMENT_BYTES)
  readonly #host: ConnectionHost
  #isClosed = false
  readonly #counts = {
    packetsSent: 0,
    packetsReceived: 0,
    bytesSent: 0,
    bytesResent: 0,
    bytesReceived: 0,
    resetsSent: 0,
    ignored: 0,
  }

  constructor({ publicKey, output, randomPort, limits, isPortAllowed, onThrow }: StreamStackOptions) {
    this.publicKey = publicKey
    this.#output = output
    this.#onThrow = onThrow ?? throwLater
    this.#limits = { ...DEFAULT_LIMITS, ...limits }
    this.#table = new ConnectionTable(this.#limits.connections, this.#limits.connectionsPerKey)
    this.#ports = new Ports(randomPort, isPortAllowed)
    this.#resetLimit = new KeyedLimit(this.#limits.resetsPerKeyPerSecond, this.#limits.connections)
    this.#host = this.#createHost()
  }

  /** When {@link advance} is to be called: 0 when there is work now, `Infinity` when there is none. */
  get nextDeadlineMs(): number {
    return this.#listed.length > 0 || this.#looped.length > 0 ? 0 : this.#deadlines.nextMs
  }

  /** Connections that are neither ended nor failed. */
  get open(): number {
    return this.#table.openCount
  }

  stats(): StreamStats {
    const { open } = this
    return { ...this.#counts, open, connections: this.#table.size, halfOpen: this.#halfOpen.size }
  }

  /** A packet of ygg_stream from a node. Both are views that are valid during the call. Never throws for what came. */
  receive(remoteKey: Uint8Array, bytes: Uint8Array, nowMs: number): void {
    this.#counts.packetsReceived++
    if (bytes.length < STREAM_HEADER_BYTES) {
      this.#counts.ignored++
      return
    }
    const packet = decodeStreamPacket(bytes)
    const { flags, data, destinationPort, sourcePort } = packet
    this.#counts.bytesReceived += data.length
    if ((flags & DATAGRAM) !== 0) {
      const handler = this.#datagramPorts.get(destinationPort)
      if (handler === undefined) this.#counts.ignored++
      else this.#guard(() => handler(remoteKey, data, nowMs))
      return
    }
    const isSyn = (flags & (SYN | ACK)) === SYN
    const remote = this.#table.remote(remoteKey)
    const connection = this.#table.find(remote, destinationPort, sourcePort)
    // A node that opens what we hold open has forgotten it: it was started anew.
    if (connection !== undefined && isSyn && !connection.isOpening) connection.replaced()
    else if (connection !== undefined) return connection.receive(packet, nowMs)
    if (isSyn) this.#receiveSyn(remoteKey, packet, nowMs)
    else if ((flags & RST) === 0) this.#answerStray(remoteKey, packet, nowMs)
  }

  /** Do what is due, and what calls of the application have left to do. */
  advance(nowMs: number): void {
    const looped = this.#looped
    if (looped.length > 0) {
      this.#looped = []
      for (const packet of looped) this.receive(this.publicKey, packet, nowMs)
    }
    const listed = this.#listed
    if (listed.length > 0) {
      this.#listed = []
      for (const connection of listed) {
        connection.isListed = false
        connection.work(nowMs)
      }
    }
    if (this.#deadlines.nextMs > nowMs) return
    const due: StreamConnection[] = []
    for (let next = this.#deadlines.takeDue(nowMs); next !== undefined; next = this.#deadlines.takeDue(nowMs))
      due.push(next)
    for (const connection of due) connection.onDeadline(nowMs)
  }

  /** What `output.send` answered with `false` may go on. The connections take turns, packet by packet. */
  drained(nowMs: number): void {
    for (const remote of [...this.#blocked]) {
      this.#unblock(remote)
      for (let more = true; more && !remote.isBlocked; ) {
        more = false
        for (const connection of [...remote.waiting]) {
          if (remote.isBlocked) break
          remote.waiting.delete(connection)
          if (connection.transmit(nowMs, 1)) {
            remote.waiting.add(connection)
            more = true
          }
          this.#host.needsWork(connection)
        }
      }
    }
  }

  /**
   * Begin to open a connection to a port of another node, or of our own. It tells `opened` or `closed`.
   * @throws {YggdrasilError} `closed` | `flood` when the table is full, or all ports to there are taken
   */
  connect(remoteKey: Uint8Array, port: number, nowMs: number, timeoutMs: number = OPEN_TIMEOUT_MS): StreamConnection {
    this.#requireOpen()
    const remote = this.#table.remoteFor(remoteKey)
    const isFree = (local: number) => !this.#listeners.has(local) && this.#table.find(remote, local, port) === undefined
    const localPort = this.#table.makeRoom(remote, nowMs) ? this.#ports.nextFree(isFree) : undefined
    if (localPort === undefined) {
      const text = `no room for another connection: ${this.#table.size} of at most ${this.#limits.connections} are there`
      throw new YggdrasilError('flood', text, { blame: 'local' })
    }
    const opening = Opening.outgoing(nowMs, timeoutMs)
    const connection = new StreamConnection(this.#host, remote, localPort, port, opening)
    this.#table.add(connection)
    connection.start(nowMs)
    return connection
  }

  /**
   * Take connections on a port; 0: any free one.
   * @returns the port
   * @throws {YggdrasilError} `address-in-use` | `closed` | `misuse` for a port that may not be used
   */
  listen(port: number, onConnection: ConnectionHandler): number {
    this.#requireOpen()
    const chosen = this.#ports.claim(port, (candidate) => !this.#listeners.has(candidate))
    this.#listeners.set(chosen, { onConnection, halfOpen: 0 })
    return chosen
  }

  /** Take no more connections there. Open ones stay, half open ones are reset. */
  unlisten(port: number, nowMs: number): void {
    const listener = this.#listeners.get(port)
    if (listener === undefined) return
    this.#listeners.delete(port)
    for (const [connection, at] of [...this.#halfOpen]) if (at === listener) connection.abort(nowMs)
  }

  /** Take datagrams on a port; 0: any free one. @returns the port @throws as {@link listen} */
  bindDatagrams(port: number, onDatagram: DatagramHandler): number {
    this.#requireOpen()
    const chosen = this.#ports.claim(port, (candidate) => !this.#datagramPorts.has(candidate))
    this.#datagramPorts.set(chosen, onDatagram)
    return chosen
  }

  unbindDatagrams(port: number): void {
    this.#datagramPorts.delete(port)
  }

  /** Send and forget. `bytes` are copied. @throws {YggdrasilError} `too-large` above 65,388 bytes */
  sendDatagram(remoteKey: Uint8Array, port: number, bytes: Uint8Array, nowMs: number): void {
    const packet = encodeStreamPacket({ ...header(0, port, DATAGRAM), data: bytes })
    this.#counts.packetsSent++
    if (isKeyAt(remoteKey, 0, this.publicKey)) this.#loop(packet)
    else this.#output.send(remoteKey, packet, nowMs)
  }

  /** End all connections in order; those that are not open yet are cut. {@link open} tells when they have ended. */
  endAll(nowMs: number): void {
    for (const connection of this.#table) {
      if (connection.isOpening) connection.abort(nowMs)
      else connection.end()
    }
  }

  abortAll(nowMs: number): void {
    for (const connection of this.#table) connection.abort(nowMs)
  }

  /** Abort all connections, and take no more of either kind. What was aborted is told by the next {@link advance}. */
  close(nowMs: number): void {
    this.#isClosed = true
    this.#listeners.clear()
    this.#datagramPorts.clear()
    this.abortAll(nowMs)
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new YggdrasilError('closed', 'the node is closed')
  }

  #receiveSyn(remoteKey: Uint8Array, packet: StreamPacket, nowMs: number): void {
    const { sourcePort, destinationPort, window } = packet
    const listener = this.#listeners.get(destinationPort)
    if (listener === undefined) return this.#answerStray(remoteKey, packet, nowMs)
    const remote = this.#table.remoteFor(remoteKey)
    const { halfOpenPerListener, halfOpenPerKey } = this.#limits
    // No answer: the other side repeats it, and there may be room then.
    if (listener.halfOpen >= halfOpenPerListener || remote.halfOpen >= halfOpenPerKey || sourcePort === 0) {
      this.#counts.ignored++
      return
    }
    if (!this.#table.makeRoom(remote, nowMs)) return this.#answerStray(remoteKey, packet, nowMs)
    const opening = Opening.incoming(nowMs, window)
    const connection = new StreamConnection(this.#host, remote, destinationPort, sourcePort, opening)
    this.#table.add(connection)
    this.#halfOpen.set(connection, listener)
    listener.halfOpen++
    remote.halfOpen++
    connection.start(nowMs)
  }

  #answerStray(remoteKey: Uint8Array, { sourcePort, destinationPort }: StreamPacket, nowMs: number): void {
    this.#reset(this.#table.remoteFor(remoteKey), destinationPort, sourcePort, nowMs)
  }

  #reset(remote: Remote, localPort: number, remotePort: number, nowMs: number): void {
    if (!this.#resetLimit.take(remote.id, nowMs)) {
      this.#counts.ignored++
      return
    }
    this.#counts.resetsSent++
    writeStreamPacket({ ...header(localPort, remotePort, RST), data: NOTHING }, this.#packet, 0)
    this.#send(remote, STREAM_HEADER_BYTES, nowMs)
  }

  #createHost(): ConnectionHost {
    const { windowBytes, outOfOrderSegments } = this.#limits
    return {
      windowBytes,
      outOfOrderSegments,
      control: (connection, flags, seq, ack, window, nowMs) => {
        if ((flags & RST) !== 0) this.#counts.resetsSent++
        this.#write(connection, flags, seq, ack, window)
        this.#send(connection.remote, STREAM_HEADER_BYTES, nowMs)
      },
      data: (connection, seq, length, buffer, isAgain, nowMs) =>
        this.#sendData(connection, seq, length, buffer, isAgain, nowMs),
      reset: (remote, localPort, remotePort, nowMs) => this.#reset(remote, localPort, remotePort, nowMs),
      needsWork: (connection) => {
        if (connection.isListed) return
        connection.isListed = true
        this.#listed.push(connection)
      },
      wakeAt: (connection, dueMs) => this.#deadlines.atLatest(connection, dueMs),
      awaitsDrain: (connection) => connection.remote.waiting.add(connection),
      accepted: (connection, nowMs) => {
        const listener = this.#halfOpen.get(connection)
        this.#leaveHalfOpen(connection)
        if (listener !== undefined) this.#guard(() => listener.onConnection(connection, nowMs))
      },
      closed: (connection) => {
        this.#leaveHalfOpen(connection)
        this.#table.markCut(connection)
      },
      forget: (connection) => {
        this.#leaveHalfOpen(connection)
        this.#deadlines.remove(connection)
        this.#table.remove(connection)
        if (connection.remote.connections.size === 0) this.#blocked.delete(connection.remote)
      },
      ignored: () => {
        this.#counts.ignored++
      },
      guard: (callback) => this.#guard(callback),
    }
  }

  #leaveHalfOpen(connection: StreamConnection): void {
    const listener = this.#halfOpen.get(connection)
    if (listener === undefined) return
    this.#halfOpen.delete(connection)
    listener.halfOpen--
    connection.remote.halfOpen--
  }

  #write(connection: StreamConnection, flags: number, seq: number, ack: number, window: number): void {
    const { localPort, remotePort } = connection
    const packet = { sourcePort: localPort, destinationPort: remotePort, seq, ack, flags, window, data: NOTHING }
    writeStreamPacket(packet, this.#packet, 0)
  }

  #sendData(
    connection: StreamConnection,
    seq: number,
    length: number,
    buffer: SendBuffer,
    isAgain: boolean,
    nowMs: number,
  ): void {
    if (isAgain) this.#counts.bytesResent += length
    else this.#counts.bytesSent += length
    this.#write(connection, ACK, seq, connection.ack, connection.tellWindow())
    buffer.copy(seq, length, this.#packet, STREAM_HEADER_BYTES)
    this.#send(connection.remote, STREAM_HEADER_BYTES + length, nowMs)
  }

  /** Send what lies in the buffer for packets. */
  #send(remote: Remote, sizeBytes: number, nowMs: number): void {
    this.#counts.packetsSent++
    const packet = this.#packet.subarray(0, sizeBytes)
    if (isKeyAt(remote.key, 0, this.publicKey)) {
      this.#loop(packet.slice())
    } else if (this.#output.send(remote.key, packet, nowMs) === false) {
      // Without connections nobody would wait for it.
      if (remote.connections.size > 0) {
        remote.isBlocked = true
        this.#blocked.add(remote)
      }
    } else if (remote.isBlocked) {
      this.#unblock(remote)
      for (const connection of remote.waiting) this.#host.needsWork(connection)
      remote.waiting.clear()
    }
  }

  #unblock(remote: Remote): void {
    remote.isBlocked = false
    this.#blocked.delete(remote)
  }

  #loop(packet: Uint8Array): void {
    if (this.#looped.length < MAX_LOOPED_PACKETS) this.#looped.push(packet)
  }

  #guard(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.#onThrow(error)
    }
  }
}

function header(sourcePort: number, destinationPort: number, flags: number): Omit<StreamPacket, 'data'> {
  return { sourcePort, destinationPort, seq: 0, ack: 0, flags, window: WINDOW_BYTES }
}

/** As an exception in a callback of the event loop would: nobody below can answer for it. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
