import { YggdrasilError } from '../error.js'
import { DEFAULT_LIMITS, type StreamLimits } from '../limits.js'
import {
  decodeStreamPacket,
  encodeStreamPacket,
  MAX_STREAM_WINDOW,
  STREAM_HEADER_BYTES,
  StreamFlag,
  type StreamPacket,
} from '../wire/stream-packet.js'
import { StreamConnection } from './connection.js'
import type { ConnectionHost } from './connection-host.js'
import { OPEN_TIMEOUT_MS, WINDOW_BYTES } from './constants.js'
import { Deadlines } from './deadlines.js'
import { HalfOpen, type PortListener } from './half-open.js'
import { StreamMemory } from './memory.js'
import { Opening } from './opening.js'
import { Outlet } from './outlet.js'
import { Ports } from './ports.js'
import { KeyedLimit, type Remote } from './remote.js'
import { ConnectionTable } from './table.js'
import type { ConnectionHandler, DatagramHandler, StreamStackOptions, StreamStats } from './types.js'

interface DatagramPort {
  readonly onDatagram: DatagramHandler
  readonly onClosed: ((error: YggdrasilError) => void) | undefined
}

const { syn: SYN, ack: ACK, rst: RST, datagram: DATAGRAM } = StreamFlag

/**
 * Streams and datagrams of ygg_stream 0.2 for one node: a machine without I/O, clock or chance. It is told packets, the
 * time, and what the application wants; it gives packets and its next deadline. `output.send` must not lead back into
 * {@link receive} before it returns. yggdrasil protocol §10
 */
export class StreamStack {
  readonly publicKey: Uint8Array
  readonly #onThrow: (error: unknown) => void
  readonly #limits: StreamLimits
  readonly #table: ConnectionTable
  readonly #ports: Ports
  readonly #listeners = new Map<number, PortListener>()
  readonly #halfOpen: HalfOpen
  readonly #datagramPorts = new Map<number, DatagramPort>()
  readonly #deadlines = new Deadlines<StreamConnection>()
  readonly #outlet: Outlet
  readonly #resetLimit: KeyedLimit
  readonly #memory: StreamMemory
  readonly #host: ConnectionHost
  #listed: StreamConnection[] = []
  #isClosed = false
  #grownWindowsBytes = 0
  #packetsReceived = 0
  #bytesReceived = 0
  #ignored = 0

  constructor({ publicKey, output, randomPort, limits, isPortAllowed, onThrow }: StreamStackOptions) {
    this.publicKey = publicKey
    this.#onThrow = onThrow ?? throwLater
    this.#limits = { ...DEFAULT_LIMITS, ...limits }
    this.#table = new ConnectionTable(this.#limits.connections, this.#limits.connectionsPerKey)
    this.#ports = new Ports(randomPort, isPortAllowed)
    this.#halfOpen = new HalfOpen(this.#limits)
    this.#outlet = new Outlet(publicKey, output, (connection) => this.#needsWork(connection))
    this.#resetLimit = new KeyedLimit(this.#limits.resetsPerKeyPerSecond, this.#limits.connections)
    this.#memory = new StreamMemory(this.#limits.streamBytes, this.#limits.streamBytesPerKey)
    this.#host = this.#createHost()
  }

  /** When {@link advance} is to be called: 0 when there is work now, `Infinity` when there is none. */
  get nextDeadlineMs(): number {
    return this.#listed.length > 0 || this.#outlet.hasLooped ? 0 : this.#deadlines.nextMs
  }

  /** Connections that have neither ended nor failed. */
  get open(): number {
    return this.#table.openCount
  }

  stats(): StreamStats {
    const { packetsSent, bytesSent, bytesResent, resetsSent } = this.#outlet
    return {
      open: this.open,
      connections: this.#table.size,
      halfOpen: this.#halfOpen.size,
      heldBytes: this.#memory.heldBytes,
      packetsSent,
      packetsReceived: this.#packetsReceived,
      bytesSent,
      bytesResent,
      bytesReceived: this.#bytesReceived,
      resetsSent,
      ignored: this.#ignored,
    }
  }

  /** A packet of ygg_stream from a node. Both are views that are valid during the call. Never throws for what came. */
  receive(remoteKey: Uint8Array, bytes: Uint8Array, nowMs: number): void {
    this.#packetsReceived++
    if (bytes.length < STREAM_HEADER_BYTES) {
      this.#ignored++
      return
    }
    const packet = decodeStreamPacket(bytes)
    this.#bytesReceived += packet.data.length
    if ((packet.flags & DATAGRAM) !== 0) this.#receiveDatagram(remoteKey, packet, nowMs)
    else this.#receiveStream(remoteKey, packet, nowMs)
  }

  /** Do what is due, and what calls of the application have left to do. */
  advance(nowMs: number): void {
    for (const packet of this.#outlet.takeLooped()) this.receive(this.publicKey, packet, nowMs)
    const listed = this.#listed
    this.#listed = []
    for (const connection of listed) {
      connection.isListed = false
      connection.work(nowMs)
    }
    if (this.#deadlines.nextMs > nowMs) return
    const due: StreamConnection[] = []
    for (let next = this.#deadlines.takeDue(nowMs); next !== undefined; next = this.#deadlines.takeDue(nowMs)) {
      due.push(next)
    }
    for (const connection of due) connection.onDeadline(nowMs)
  }

  /** What `output.send` answered with `false` may go on. */
  drained(nowMs: number): void {
    this.#outlet.drained(nowMs)
  }

  /**
   * Begin to open a connection to a port of another node, or of our own. It tells `opened` or `closed`.
   * @throws {YggdrasilError} `closed` | `flood` when the table is full, or all ports to there are taken
   */
  connect(remoteKey: Uint8Array, port: number, nowMs: number, timeoutMs: number = OPEN_TIMEOUT_MS): StreamConnection {
    this.#requireOpen()
    const remote = this.#table.remoteFor(remoteKey)
    const isFree = (local: number) => !this.#listeners.has(local) && this.#table.find(remote, local, port) === undefined
    const localPort = this.#table.makeRoom(remote, false, nowMs) ? this.#ports.nextFree(isFree) : undefined
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
    this.#listeners.set(chosen, { onConnection, halfOpen: new Set() })
    return chosen
  }

  /** Take no more connections there. Open ones stay, half open ones are reset. */
  unlisten(port: number, nowMs: number): void {
    const listener = this.#listeners.get(port)
    if (listener === undefined) return
    this.#listeners.delete(port)
    for (const connection of [...listener.halfOpen]) connection.abort(nowMs)
  }

  /**
   * Take datagrams on a port; 0: any free one.
   * @param onClosed - told when the stack is closed before the port is given up
   * @returns the port
   * @throws as {@link listen}
   */
  bindDatagrams(port: number, onDatagram: DatagramHandler, onClosed?: (error: YggdrasilError) => void): number {
    this.#requireOpen()
    const chosen = this.#ports.claim(port, (candidate) => !this.#datagramPorts.has(candidate))
    this.#datagramPorts.set(chosen, { onDatagram, onClosed })
    return chosen
  }

  unbindDatagrams(port: number): void {
    this.#datagramPorts.delete(port)
  }

  /** Send and forget; not at all once it is closed. `bytes` are copied. @throws {YggdrasilError} `too-large` above 65,388 bytes */
  sendDatagram(remoteKey: Uint8Array, port: number, bytes: Uint8Array, nowMs: number): void {
    if (this.#isClosed) return
    const ports = { sourcePort: 0, destinationPort: port }
    const packet = { ...ports, seq: 0, ack: 0, flags: DATAGRAM, window: WINDOW_BYTES, data: bytes }
    this.#outlet.raw(remoteKey, encodeStreamPacket(packet), nowMs)
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
    const ports = [...this.#datagramPorts.values()]
    this.#datagramPorts.clear()
    this.abortAll(nowMs)
    for (const { onClosed } of ports) this.#guard(() => onClosed?.(closedError()))
  }

  #requireOpen(): void {
    if (this.#isClosed) throw closedError()
  }

  #receiveDatagram(remoteKey: Uint8Array, { destinationPort, data }: StreamPacket, nowMs: number): void {
    const bound = this.#datagramPorts.get(destinationPort)
    if (bound === undefined) this.#ignored++
    else this.#guard(() => bound.onDatagram(remoteKey, data, nowMs))
  }

  #receiveStream(remoteKey: Uint8Array, packet: StreamPacket, nowMs: number): void {
    const { flags, sourcePort, destinationPort } = packet
    const isSyn = (flags & (SYN | ACK | RST)) === SYN
    const connection = this.#table.find(this.#table.remote(remoteKey), destinationPort, sourcePort)
    // A node that opens what we hold open has forgotten it: it was started anew.
    const isAnew = isSyn && connection?.isOpening === false
    if (isAnew) connection.discard('reset')
    if (connection !== undefined && !isAnew) connection.receive(packet, nowMs)
    else if (isSyn) this.#receiveSyn(remoteKey, packet, nowMs)
    else if ((flags & RST) === 0) this.#answerStray(remoteKey, packet, nowMs)
  }

  #receiveSyn(remoteKey: Uint8Array, packet: StreamPacket, nowMs: number): void {
    const { sourcePort, destinationPort, window } = packet
    const listener = this.#listeners.get(destinationPort)
    const remote = this.#table.remoteFor(remoteKey)
    // No answer where there are too many: the other side repeats it, and there may be room then.
    if (listener !== undefined && (sourcePort === 0 || !this.#halfOpen.makeRoom(listener, remote))) {
      this.#ignored++
    } else if (listener === undefined || !this.#table.makeRoom(remote, true, nowMs)) {
      this.#answerStray(remoteKey, packet, nowMs)
    } else {
      const opening = Opening.incoming(nowMs, window)
      const connection = new StreamConnection(this.#host, remote, destinationPort, sourcePort, opening)
      this.#table.add(connection)
      this.#halfOpen.add(connection, listener)
      connection.start(nowMs)
    }
  }

  #answerStray(remoteKey: Uint8Array, { sourcePort, destinationPort }: StreamPacket, nowMs: number): void {
    this.#reset(this.#table.remoteFor(remoteKey), destinationPort, sourcePort, nowMs)
  }

  #reset(remote: Remote, localPort: number, remotePort: number, nowMs: number): void {
    if (this.#resetLimit.take(remote.id, nowMs)) this.#outlet.reset(remote, localPort, remotePort, nowMs)
    else this.#ignored++
  }

  #createHost(): ConnectionHost {
    const { grownWindowBytes, allGrownWindowsBytes, outOfOrderSegments } = this.#limits
    const outlet = this.#outlet
    return {
      windowBytes: Math.min(this.#limits.windowBytes, MAX_STREAM_WINDOW),
      grownWindowBytes: Math.min(grownWindowBytes, MAX_STREAM_WINDOW),
      outOfOrderSegments,
      memory: this.#memory,
      grantWindow: (sizeBytes) => {
        const granted = Math.min(sizeBytes, allGrownWindowsBytes - this.#grownWindowsBytes)
        this.#grownWindowsBytes += granted
        return granted
      },
      control: (...packet) => outlet.control(...packet),
      data: (...packet) => outlet.data(...packet),
      reset: (...packet) => this.#reset(...packet),
      needsWork: (connection) => this.#needsWork(connection),
      wakeAt: (connection, dueMs) => this.#deadlines.atLatest(connection, dueMs),
      awaitsDrain: (connection) => connection.remote.waiting.add(connection),
      accepted: (connection, nowMs) => {
        const listener = this.#halfOpen.remove(connection)
        if (listener !== undefined) this.#guard(() => listener.onConnection(connection, nowMs))
      },
      failed: (connection) => {
        this.#halfOpen.remove(connection)
        this.#table.markCut(connection)
      },
      forget: (connection) => {
        this.#halfOpen.remove(connection)
        this.#deadlines.remove(connection)
        this.#table.remove(connection)
        this.#grownWindowsBytes -= connection.takeGrownWindow()
        if (connection.remote.connections.size === 0) outlet.forget(connection.remote)
      },
      ignored: () => {
        this.#ignored++
      },
      guard: (callback) => this.#guard(callback),
    }
  }

  #needsWork(connection: StreamConnection): void {
    if (connection.isListed) return
    connection.isListed = true
    this.#listed.push(connection)
  }

  #guard(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.#onThrow(error)
    }
  }
}

function closedError(): YggdrasilError {
  return new YggdrasilError('closed', 'the node is closed')
}

/** As an exception in a callback of the event loop would: nobody below can answer for it. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
