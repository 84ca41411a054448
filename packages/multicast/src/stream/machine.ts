import { MulticastError } from '../error.js'
import { StreamConnection } from './connection.js'
import type { ConnectionHost } from './connection-host.js'
import { EndedStreams } from './ended.js'
import { type StreamLimits, streamLimitsOf } from './limits.js'
import { StreamMemory } from './memory.js'
import { type Peer, Peers } from './peers.js'
import {
  decodeSegment,
  encodeReset,
  type FlowSegment,
  ResetReason,
  type ResetSegment,
  SEGMENT_HEAD_BYTES,
  SegmentType,
  STREAM_ID_BYTES,
} from './segment.js'
import type { LastWords, StreamFailure } from './types.js'

const NEVER = Number.POSITIVE_INFINITY
/** Shorter messages would carry heads. */
const LEAST_PAYLOAD_BYTES = 128

/** What the streams of a node need of it. */
export interface StreamHost {
  /** @returns `false` when there is no session with that peer now */
  send(peer: Uint8Array, payload: Uint8Array): boolean
  /**
   * Open a new session with that peer. {@link StreamMachine.renewed} is to be called when that is done, or has failed;
   * until then it is not asked again.
   */
  renew(peer: Uint8Array): void
  randomBytes(sizeBytes: number): Uint8Array
  /** Run a callback of the user; what it throws goes elsewhere. */
  guard(callback: () => void): void
}

export interface StreamMachineOptions {
  /** Longest payload of one message, label included, in bytes. */
  readonly payloadBytes: number
  readonly limits?: Partial<StreamLimits> | undefined
}

/**
 * The streams of a node, without I/O. After any call look at {@link deadlineMs}; calls on its connections want
 * {@link advance} soon, which is when {@link isTouched} says so.
 */
export class StreamMachine {
  /** Takes the streams that others open; `undefined` while nobody does. */
  listener: ((connection: StreamConnection) => void) | undefined
  readonly limits: StreamLimits
  readonly #host: StreamHost
  readonly #memory: StreamMemory
  readonly #peers: Peers
  readonly #ended: EndedStreams
  readonly #connections = new Set<StreamConnection>()
  readonly #touched = new Set<StreamConnection>()
  readonly #connectionHost: ConnectionHost
  readonly #halfOpen = new Set<StreamConnection>()
  #nowMs = 0
  #nextMs = NEVER

  /** @throws {MulticastError} `misuse` for a limit that cannot be, or payloads too short for segments */
  constructor(host: StreamHost, { payloadBytes, limits }: StreamMachineOptions) {
    if (payloadBytes < LEAST_PAYLOAD_BYTES) {
      const least = `at least ${LEAST_PAYLOAD_BYTES} for streams`
      throw new MulticastError('misuse', `payloadBytes: expected ${least}, got ${payloadBytes}`)
    }
    this.#host = host
    this.limits = streamLimitsOf(limits)
    const { receivedBytes, receivedBytesPerPeer, endedStreams, endedStreamsPerPeer } = this.limits
    this.#memory = new StreamMemory(receivedBytes, receivedBytesPerPeer)
    this.#peers = new Peers(this.limits.resetsPerPeerPerSecond)
    this.#ended = new EndedStreams(endedStreams, endedStreamsPerPeer, (peer, payload) => host.send(peer.key, payload))
    this.#connectionHost = {
      limits: this.limits,
      memory: this.#memory,
      segmentBytes: payloadBytes - SEGMENT_HEAD_BYTES,
      send: (connection, payload) => this.#sendOrRenew(connection.peer, payload),
      accept: (connection) => this.#accept(connection),
      ended: (connection, words) => this.#forget(connection, words),
      renew: (connection) => this.#renew(connection.peer),
      touch: (connection) => this.#touched.add(connection),
      guard: (callback) => host.guard(callback),
    }
  }

  get streamCount(): number {
    return this.#connections.size
  }

  get peerCount(): number {
    return this.#peers.size
  }

  /** Bytes that came and were not read. */
  get heldBytes(): number {
    return this.#memory.heldBytes
  }

  get isTouched(): boolean {
    return this.#touched.size > 0
  }

  /** When {@link advance} is due. */
  get deadlineMs(): number {
    return this.#nextMs
  }

  /**
   * Open a stream. It tells `opened`, or `closed` after `timeoutMs` at the latest.
   * @throws {MulticastError} `limit`
   */
  open(peerKey: Uint8Array, timeoutMs: number, nowMs: number): StreamConnection {
    this.#nowMs = nowMs
    const peer = this.#peers.get(peerKey, nowMs)
    const { streams, streamsPerPeer } = this.limits
    if (this.#connections.size >= streams || peer.streams.size >= streamsPerPeer) {
      throw new MulticastError('limit', `streams: expected at most ${streamsPerPeer} with one peer, ${streams} in all`)
    }
    const streamId = String.fromCharCode(...this.#host.randomBytes(STREAM_ID_BYTES))
    const connection = new StreamConnection(this.#connectionHost, peer, streamId, nowMs, timeoutMs)
    this.#add(peer, connection)
    return connection
  }

  /** A payload with the label came by a session with that peer. */
  receive(peerKey: Uint8Array, payload: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs
    const segment = decodeSegment(payload)
    if (segment === undefined) return
    const peer = this.#peers.get(peerKey, nowMs)
    const connection = peer.streams.get(segment.streamId)
    if (segment.type === SegmentType.reset) {
      this.#receiveReset(peer, connection, segment)
    } else if (connection !== undefined) {
      connection.receive(segment, nowMs)
      this.#touched.add(connection)
    } else if (!this.#ended.receive(peer, segment)) {
      if (segment.type === SegmentType.open) this.#receiveOpen(peer, segment, nowMs)
      else if (segment.type !== SegmentType.ack) this.#refuse(peer, segment.streamId, ResetReason.unknown)
    }
    this.#advanceTouched(nowMs)
  }

  /** The session that `renew` asked for is there, or there will be none. */
  renewed(peerKey: Uint8Array, isOpen: boolean, nowMs: number): void {
    this.#nowMs = nowMs
    const peer = this.#peers.find(peerKey)
    if (peer === undefined) return
    peer.isRenewing = false
    if (!isOpen) return
    for (const connection of peer.streams.values()) {
      connection.sendAnew(nowMs)
      this.#touched.add(connection)
    }
    this.#advanceTouched(nowMs)
  }

  /** Do what is due and what users have asked for. */
  advance(nowMs: number): void {
    this.#nowMs = nowMs
    this.#advanceTouched(nowMs)
    if (nowMs < this.#nextMs) return
    for (const connection of this.#connections) {
      if (connection.deadlineMs <= nowMs) this.#touched.add(connection)
    }
    this.#advanceTouched(nowMs)
    this.#ended.advance(nowMs)
    this.#peers.forget(nowMs)
    this.#nextMs = Math.min(this.#ended.deadlineMs, this.#peers.deadlineMs)
    for (const connection of this.#connections) this.#nextMs = Math.min(this.#nextMs, connection.deadlineMs)
  }

  /** Give up every stream. */
  abortAll(failure: StreamFailure, nowMs: number): void {
    this.#nowMs = nowMs
    for (const connection of [...this.#connections]) connection.abort(failure)
    this.advance(nowMs)
  }

  #advanceTouched(nowMs: number): void {
    for (const connection of this.#touched) {
      this.#touched.delete(connection)
      connection.advance(nowMs)
      this.#nextMs = Math.min(this.#nextMs, connection.deadlineMs)
    }
    this.#nextMs = Math.min(this.#nextMs, this.#peers.deadlineMs)
  }

  #receiveReset(peer: Peer, connection: StreamConnection | undefined, { streamId, reason }: ResetSegment): void {
    if (reason === ResetReason.done) {
      this.#ended.resetDone(peer, streamId)
      return
    }
    if (reason === ResetReason.aborted || reason === ResetReason.broken) {
      this.#host.send(peer.key, encodeReset(streamId, ResetReason.done))
    }
    connection?.reset(reason)
  }

  #receiveOpen(peer: Peer, segment: FlowSegment, nowMs: number): void {
    const { streams, streamsPerPeer, halfOpenStreams, halfOpenStreamsPerPeer, halfOpenMs } = this.limits
    if (this.listener === undefined) {
      this.#refuse(peer, segment.streamId, ResetReason.refused)
      return
    }
    const isFull = this.#connections.size >= streams || peer.streams.size >= streamsPerPeer
    if (isFull || peer.halfOpen >= halfOpenStreamsPerPeer) {
      this.#refuse(peer, segment.streamId, ResetReason.busy)
      return
    }
    if (this.#halfOpen.size >= halfOpenStreams) this.#giveUpHalfOpen()
    const host = this.#connectionHost
    const connection = new StreamConnection(host, peer, segment.streamId, nowMs, halfOpenMs, segment)
    this.#add(peer, connection)
    this.#halfOpen.add(connection)
    peer.halfOpen++
  }

  /** Room for somebody else: those who begin streams and do not go on keep nobody out. */
  #giveUpHalfOpen(): void {
    let oldest: StreamConnection | undefined
    for (const connection of this.#halfOpen) {
      if (oldest === undefined || connection.peer.halfOpen > oldest.peer.halfOpen) oldest = connection
    }
    if (oldest === undefined) return
    this.#leaveHalfOpen(oldest)
    oldest.abort('busy')
  }

  /** Seldom enough that a peer cannot make us say much. */
  #refuse(peer: Peer, streamId: string, reason: ResetReason): void {
    if (peer.resets.take(this.#nowMs)) this.#host.send(peer.key, encodeReset(streamId, reason))
  }

  #add(peer: Peer, connection: StreamConnection): void {
    peer.streams.set(connection.streamId, connection)
    this.#connections.add(connection)
    this.#touched.add(connection)
  }

  #accept(connection: StreamConnection): boolean {
    this.#leaveHalfOpen(connection)
    const { listener } = this
    if (listener === undefined) return false
    this.#host.guard(() => listener(connection))
    return true
  }

  #forget(connection: StreamConnection, words: LastWords): void {
    const { peer } = connection
    this.#leaveHalfOpen(connection)
    peer.streams.delete(connection.streamId)
    this.#connections.delete(connection)
    this.#ended.add(peer, connection.streamId, words, this.#nowMs)
    if (words.reset !== undefined) this.#nextMs = Math.min(this.#nextMs, this.#nowMs)
  }

  #leaveHalfOpen(connection: StreamConnection): void {
    if (this.#halfOpen.delete(connection)) connection.peer.halfOpen--
  }

  #sendOrRenew(peer: Peer, payload: Uint8Array): boolean {
    const isSent = this.#host.send(peer.key, payload)
    if (!isSent) this.#renew(peer)
    return isSent
  }

  #renew(peer: Peer): void {
    if (peer.isRenewing) return
    peer.isRenewing = true
    this.#host.renew(peer.key)
  }
}
