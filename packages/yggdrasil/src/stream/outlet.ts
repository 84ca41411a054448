import { isKeyAt } from '../key.js'
import { STREAM_HEADER_BYTES, StreamFlag, type StreamPacket, writeStreamPacket } from '../wire/stream-packet.js'
import type { StreamConnection } from './connection.js'
import { MAX_SEGMENT_BYTES, WINDOW_BYTES } from './constants.js'
import type { Remote } from './remote.js'
import type { SendBuffer } from './send-buffer.js'
import type { StreamOutput } from './types.js'

const NOTHING = new Uint8Array(0)
/** Packets to ourselves that wait for the next `advance`; more are lost, as they would be on the way to others. */
const MAX_LOOPED_PACKETS = 256

/** Ways tried together when a link has room again. */
const TRIED_AT_ONCE = 4

/** The way out of a stack: packets are written here, ways that are full are known, and what is for us comes back. */
export class Outlet {
  packetsSent = 0
  bytesSent = 0
  bytesResent = 0
  resetsSent = 0
  readonly #publicKey: Uint8Array
  readonly #output: StreamOutput
  /** Connections of ways that have become free have something to do. */
  readonly #needsWork: (connection: StreamConnection) => void
  readonly #blocked = new Set<Remote>()
  readonly #packet = new Uint8Array(STREAM_HEADER_BYTES + MAX_SEGMENT_BYTES)
  #looped: Uint8Array[] = []
  /** While links are drained: one of the ways tried was full. */
  #isAnyFull = false

  constructor(publicKey: Uint8Array, output: StreamOutput, needsWork: (connection: StreamConnection) => void) {
    this.#publicKey = publicKey
    this.#output = output
    this.#needsWork = needsWork
  }

  /** Packets to ourselves are waiting. */
  get hasLooped(): boolean {
    return this.#looped.length > 0
  }

  takeLooped(): readonly Uint8Array[] {
    const looped = this.#looped
    this.#looped = []
    return looped
  }

  control(
    { remote, localPort, remotePort }: StreamConnection,
    flags: number,
    seq: number,
    ack: number,
    window: number,
    nowMs: number,
  ): void {
    if ((flags & StreamFlag.rst) !== 0) this.resetsSent++
    this.#write({ sourcePort: localPort, destinationPort: remotePort, seq, ack, flags, window, data: NOTHING })
    this.#send(remote, STREAM_HEADER_BYTES, nowMs)
  }

  data(
    connection: StreamConnection,
    seq: number,
    length: number,
    buffer: SendBuffer,
    isAgain: boolean,
    nowMs: number,
  ): void {
    if (isAgain) this.bytesResent += length
    else this.bytesSent += length
    const { localPort, remotePort, ack, remote } = connection
    const window = connection.tellWindow()
    const flags = StreamFlag.ack
    this.#write({ sourcePort: localPort, destinationPort: remotePort, seq, ack, flags, window, data: NOTHING })
    buffer.copy(seq, length, this.#packet, STREAM_HEADER_BYTES)
    this.#send(remote, STREAM_HEADER_BYTES + length, nowMs)
  }

  reset(remote: Remote, localPort: number, remotePort: number, nowMs: number): void {
    this.resetsSent++
    const flags = StreamFlag.rst
    const packet = { sourcePort: localPort, destinationPort: remotePort, seq: 0, ack: 0, flags, window: WINDOW_BYTES }
    this.#write({ ...packet, data: NOTHING })
    this.#send(remote, STREAM_HEADER_BYTES, nowMs)
  }

  /** A whole packet, for nobody in particular. */
  raw(remoteKey: Uint8Array, packet: Uint8Array, nowMs: number): void {
    this.packetsSent++
    if (isKeyAt(remoteKey, 0, this.#publicKey)) this.#loop(packet)
    else this.#output.send(remoteKey, packet, nowMs)
  }

  /**
   * A link has room again. Nodes take turns, and the connections with each of them do, packet by packet. Which ways lead
   * over that link is not known here: a few are tried at a time, those that waited longest first, since every try of a way
   * that is still full puts one more packet into its queue.
   */
  drained(nowMs: number): void {
    let isFull = false
    while (!isFull && this.#blocked.size > 0) {
      let trying = [...this.#blocked].slice(0, TRIED_AT_ONCE)
      for (const remote of trying) this.#unblock(remote)
      while (trying.length > 0) trying = trying.filter((remote) => this.#round(remote, nowMs))
      isFull = this.#isAnyFull
      this.#isAnyFull = false
    }
  }

  /** Nobody is left who would wait for it. */
  forget(remote: Remote): void {
    this.#blocked.delete(remote)
  }

  /** One packet of each connection. @returns whether any of them might go on */
  #round(remote: Remote, nowMs: number): boolean {
    let more = false
    for (const connection of [...remote.waiting]) {
      if (remote.isBlocked) break
      remote.waiting.delete(connection)
      if (connection.transmit(nowMs, 1)) {
        remote.waiting.add(connection)
        more = true
      }
      this.#needsWork(connection)
    }
    if (remote.isBlocked) this.#isAnyFull = true
    return more && !remote.isBlocked
  }

  #write(packet: StreamPacket): void {
    writeStreamPacket(packet, this.#packet, 0)
  }

  #send(remote: Remote, sizeBytes: number, nowMs: number): void {
    this.packetsSent++
    const packet = this.#packet.subarray(0, sizeBytes)
    if (isKeyAt(remote.key, 0, this.#publicKey)) {
      this.#loop(packet.slice())
    } else if (this.#output.send(remote.key, packet, nowMs) === false) {
      // Without connections nobody would wait for it.
      if (remote.connections.size === 0) return
      remote.isBlocked = true
      this.#blocked.add(remote)
    } else if (remote.isBlocked) {
      this.#unblock(remote)
      for (const connection of remote.waiting) this.#needsWork(connection)
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
}
