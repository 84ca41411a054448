import type { ByteStream, TransportError } from '@mimirjs/transport'
import { equalBytes } from '@mimirjs/wire'
import { Answers } from './answers.js'
import { Buffered } from './buffered.js'
import { Connection, type ConnectionOwner } from './connection.js'
import type { Core } from './core.js'
import { Dispatcher } from './dispatcher.js'
import { pushQueued } from './invite-pushes.js'
import { Joiner } from './outbox.js'
import { goneOffline } from './presence.js'
import { Session, type TlvDialect } from './session.js'
import { Sources, sourceOf } from './source.js'
import type { CutReason } from './types.js'

/** Bytes of requests of one connection that may be in the store at once; one request may be longer. */
const BYTES_IN_FLIGHT = 8_388_608
/** With more than this waiting to leave, a client is not read on: it has to read first. */
const READ_ON_BYTES = 65_536
/** A stream that took nothing for this long has a slow reader, if too many frames wait for it. */
const STUCK_MS = 1_000
/** How long a connection that we have ended may keep its own direction open. */
const LINGER_MS = 5_000

/** All connections: accepts, reads, writes and ends them. What requests mean is the dispatcher's. */
export class Hub implements ConnectionOwner {
  readonly connections: Set<Connection> = new Set()
  readonly #core: Core
  readonly #answers: Answers
  readonly #dispatcher: Dispatcher
  readonly #joiner = new Joiner()
  readonly #sources = new Sources()
  readonly #buffered: Buffered
  #dirty: Connection[] = []
  #isClosing = false
  /** Told when the last connection is gone. */
  #onEmpty: (() => void) | undefined
  /** Told when no answer is in the making. */
  #onAnswered: (() => void) | undefined

  constructor(core: Core) {
    this.#core = core
    this.#buffered = new Buffered(this.connections, core.counters, core.limits)
    this.#answers = new Answers(core.counters, core.limits, (connection) => this.#answered(connection))
    this.#dispatcher = new Dispatcher(core, this.#answers, (connection) => this.#loggedIn(connection))
  }

  accept(stream: ByteStream, tlvDialect: TlvDialect): void {
    const { counters, limits, clock } = this.#core
    const source = sourceOf(stream)
    const ofSource = this.#sources.add(source)
    counters.accepted++
    const session = new Session(limits, tlvDialect, clock.nowMs())
    const connection = new Connection(stream, session, source, this)
    this.connections.add(connection)
    stream.start(connection)
    const isFull = this.connections.size > limits.connections || ofSource > limits.connectionsPerSource
    if (isFull || this.#isClosing) this.cut(connection, isFull ? 'full' : 'shutdown')
  }

  received(connection: Connection, chunk: Uint8Array): void {
    this.#core.counters.bytesIn += chunk.length
    if (connection.isStopped || connection.isClosed) return
    connection.session.receive(chunk)
    this.#pump(connection)
  }

  remoteEnded(connection: Connection): void {
    connection.hasRemoteEnded = true
    this.#pump(connection)
  }

  drained(connection: Connection): void {
    connection.outbox.drained()
    connection.blockedSinceMs = 0
    connection.session.touch(this.#core.clock.nowMs())
    this.#flush(connection)
    this.#joiner.clear()
    this.#pump(connection)
  }

  closed(connection: Connection, error: TransportError | undefined): void {
    const { rooms, accounts, nonces, logger } = this.#core
    if (connection.isClosed) return
    connection.isClosed = true
    this.connections.delete(connection)
    this.#sources.remove(connection.source)
    this.#count(connection)
    nonces.forget(connection)
    const { account } = connection
    if (account !== undefined) {
      const left = rooms.leaveAll(connection, account)
      accounts.leave(account, connection)
      if (!this.#isClosing) goneOffline(this.#core, account, left)
    }
    logger?.debug({ from: connection.stream.remoteAddress, err: error }, 'connection closed')
    if (this.connections.size === 0) this.#onEmpty?.()
  }

  wantsFlush(connection: Connection): void {
    connection.isDirty = true
    // After the promises of this turn: everything that one commit answers and pushes leaves together.
    if (this.#dirty.push(connection) === 1) process.nextTick(() => this.#flushAll())
  }

  /** End it now, with whatever waits for it. */
  cut(connection: Connection, reason: CutReason): void {
    if (connection.isClosed || connection.isCut) return
    connection.isCut = connection.isStopped = true
    this.#countCut(connection, reason)
    this.#count(connection)
    connection.stream.abort(new Error(`the mediator cut the connection: ${reason}`))
  }

  /** Once a second: who is late goes. */
  sweep(): void {
    const nowMs = this.#core.clock.nowMs()
    for (const connection of this.connections) {
      if (connection.isCut) continue
      if (connection.endingSinceMs !== 0) {
        if (nowMs - connection.endingSinceMs >= LINGER_MS) connection.stream.abort()
        continue
      }
      if (connection.outbox.isBlocked) this.#checkQueue(connection)
      const isWaiting = connection.slots.length > 0 || connection.held !== undefined
      const reason = connection.session.late(nowMs, isWaiting)
      if (reason !== undefined) this.cut(connection, reason)
      else if (!isWaiting) rest(connection, nowMs)
    }
  }

  /** Read no more. Resolves when everything that was asked is answered. */
  async drain(): Promise<void> {
    this.#isClosing = true
    if (this.#isAnswered()) return
    await new Promise<void>((resolve) => {
      this.#onAnswered = resolve
    })
  }

  /** End every connection behind what is queued for it. Resolves when all are gone. */
  async farewell(): Promise<void> {
    for (const connection of this.connections)
      if (!connection.isStopped) this.#answers.end(connection, undefined, 'shutdown')
    if (this.connections.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
  }

  abortAll(): void {
    for (const connection of this.connections) connection.stream.abort()
  }

  #isAnswered(): boolean {
    for (const connection of this.connections) if (connection.slots.length > 0) return false
    return true
  }

  #pump(connection: Connection): void {
    if (connection.isPumping || connection.isClosed) return
    connection.isPumping = true
    try {
      this.#read(connection)
    } finally {
      connection.isPumping = false
    }
    this.#count(connection)
    const isFull = connection.held !== undefined || !this.#mayRead(connection)
    // What ends is read on and thrown away: closing over unread bytes would take the last word with it.
    if (connection.isStopped || !isFull) this.#resume(connection)
    else if (!connection.isPaused) {
      connection.isPaused = true
      connection.stream.pause()
    }
  }

  #resume(connection: Connection): void {
    if (!connection.isPaused || connection.isClosed) return
    connection.isPaused = false
    connection.stream.resume()
  }

  #read(connection: Connection): void {
    const { session } = connection
    const nowMs = this.#core.clock.nowMs()
    while (!connection.isClosed && this.#mayRead(connection)) {
      const frame = connection.held ?? session.next(nowMs)
      if (frame === undefined) {
        if (session.fault !== undefined) this.#answers.end(connection, session.fault.lastWord, session.fault.reason)
        else if (connection.hasRemoteEnded) this.#answers.end(connection, undefined, 'done')
        return
      }
      connection.held = undefined
      if (!this.#dispatcher.dispatch(connection, frame)) {
        connection.held = frame
        return
      }
    }
  }

  #mayRead(connection: Connection): boolean {
    const { slots, slotBytes, outbox } = connection
    if (connection.isStopped || this.#isClosing) return false
    if (slots.length >= this.#core.limits.requestsInFlight || slotBytes > BYTES_IN_FLIGHT) return false
    return !outbox.isBlocked || outbox.bytes <= READ_ON_BYTES
  }

  #count(connection: Connection): void {
    const heaviest = this.#buffered.count(connection)
    if (heaviest !== undefined) this.cut(heaviest, 'memory')
  }

  #answered(connection: Connection): void {
    const { slots } = connection
    for (let slot = slots[0]; slot?.frames !== undefined; slot = slots[0]) {
      slots.shift()
      connection.slotBytes -= slot.bytes
      if (slot.isHeavy) connection.heavySlots--
      for (const frame of slot.frames) connection.send(frame)
      if (slot.last !== undefined) this.#end(connection, slot.last)
    }
    if (this.#onAnswered !== undefined && this.#isAnswered()) this.#onAnswered()
    this.#pump(connection)
  }

  #end(connection: Connection, reason: CutReason | 'done'): void {
    if (connection.endingSinceMs !== 0) return
    connection.endingSinceMs = this.#core.clock.nowMs()
    if (reason !== 'done') this.#countCut(connection, reason)
    if (!connection.isDirty) this.wantsFlush(connection)
  }

  #countCut(connection: Connection, reason: CutReason): void {
    const { counters, emitter, logger } = this.#core
    const { account, stream } = connection
    counters.cut[reason]++
    const key = account?.text.slice(0, 8)
    if (reason !== 'shutdown') logger?.info({ reason, from: stream.remoteAddress, key }, 'connection cut')
    emitter.emit('cut', { reason, remoteAddress: stream.remoteAddress, publicKey: account?.publicKey })
  }

  #loggedIn(connection: Connection): void {
    const { account, stream } = connection
    if (account === undefined) return
    const { remotePublicKey, remoteAddress } = stream
    // A second login of one key from one node replaces the first, whose stream may be dead without anybody knowing (§6).
    if (remotePublicKey !== undefined)
      for (const other of account.connections)
        if (other !== connection && equalBytes(other.stream.remotePublicKey ?? NO_KEY, remotePublicKey))
          this.cut(other, 'replaced')
    this.#core.logger?.debug({ from: remoteAddress, key: account.text.slice(0, 8) }, 'logged in')
    this.#core.emitter.emit('authenticated', { publicKey: account.publicKey, remoteAddress })
  }

  /**
   * The queue never holds more bytes than the limit. A number of frames says little about a reader as long as it reads: one
   * commit may push hundreds of small ones. So it counts once the stream has taken nothing for a second.
   */
  #checkQueue(connection: Connection): void {
    const { limits, clock } = this.#core
    const { frames, bytes } = connection.outbox.waiting
    const nowMs = clock.nowMs()
    if (connection.blockedSinceMs === 0) connection.blockedSinceMs = nowMs
    const isStuck = nowMs - connection.blockedSinceMs >= STUCK_MS
    if (bytes > limits.queueBytes || (isStuck && frames > limits.queueFrames)) this.cut(connection, 'slow-reader')
  }

  #flushAll(): void {
    const dirty = this.#dirty
    this.#dirty = []
    for (const connection of dirty) {
      connection.isDirty = false
      this.#flush(connection)
    }
    this.#joiner.clear()
  }

  #flush(connection: Connection): void {
    if (connection.isClosed || connection.hasEnded) return
    const { outbox, stream } = connection
    this.#core.counters.bytesOut += outbox.flush(stream, this.#joiner)
    if (outbox.isBlocked) this.#checkQueue(connection)
    else if (connection.endingSinceMs !== 0 && outbox.isEmpty) {
      connection.hasEnded = true
      stream.end()
    } else if (connection.invites !== undefined) pushQueued(this.#core, connection)
  }
}

const NO_KEY = new Uint8Array(0)

/** A connection that asks for nothing keeps nothing that its next request would not make anew. */
function rest(connection: Connection, nowMs: number): void {
  connection.session.rest()
  if (connection.rates?.isFresh(nowMs) === true) connection.rates = undefined
}
