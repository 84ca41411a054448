import { toHex } from '@mimirjs/wire'
import { formatMulticastAddress, type MulticastAddress } from '../address/index.js'
import type { MulticastError } from '../error.js'
import type { NodeCore } from '../node/core.js'
import { LazyTimer } from '../node/lazy-timer.js'
import { MulticastStream } from './byte-stream.js'
import type { StreamConnection } from './connection.js'
import type { StreamLimits } from './limits.js'
import { StreamMachine } from './machine.js'
import { STREAM_LABEL } from './segment.js'
import type { StreamFailure } from './types.js'

/** A new session with a silent peer is waited for no longer than this. */
const RENEW_TIMEOUT_MS = 10_000

/** Drives the machine of streams by payloads of the node and by its clock. */
export class StreamDriver {
  readonly core: NodeCore
  readonly machine: StreamMachine
  readonly #timer: LazyTimer
  readonly #detach: () => void
  readonly #renewals = new Set<AbortController>()
  #isWoken = false
  #isStopped = false

  /** @throws {MulticastError} `closed` when the node is */
  constructor(core: NodeCore, limits: Partial<StreamLimits>) {
    this.core = core
    const host = {
      send: (peer: Uint8Array, payload: Uint8Array) => !this.#isStopped && core.sendTo(peer, payload),
      renew: (peer: Uint8Array) => this.#renew(peer),
      randomBytes: (sizeBytes: number) => core.randomBytes(sizeBytes),
      guard: callSafely,
    }
    this.machine = new StreamMachine(host, { payloadBytes: core.maxPayloadBytes, limits })
    this.#timer = new LazyTimer(core.clock, (nowMs) => {
      this.machine.advance(nowMs)
      return this.machine.deadlineMs
    })
    this.#detach = core.attach(STREAM_LABEL, {
      payload: (peer, payload) => {
        const nowMs = core.clock.nowMs()
        this.machine.receive(peer, payload, nowMs)
        this.#follow(nowMs)
      },
      closed: (error) => this.stop(error === undefined ? 'aborted' : 'socket'),
    })
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Let the machine do what was asked for, once the caller is done. */
  readonly wake = (): void => {
    if (this.#isWoken || this.#isStopped) return
    this.#isWoken = true
    queueMicrotask(() => {
      this.#isWoken = false
      this.#follow(this.core.clock.nowMs())
    })
  }

  /** A stream that the other side has opened. */
  accepted(connection: StreamConnection): MulticastStream {
    const { key } = connection.peer
    const address = this.core.addressOf(key)
    const remote = address === undefined ? `mp2p://${toHex(key)}` : formatMulticastAddress(address)
    return new MulticastStream(connection, { local: this.core.address, remote }, this.wake)
  }

  /**
   * Open a stream over the session there is.
   * @param onOpening - told once how that went
   * @throws {MulticastError} `limit`
   */
  open(address: MulticastAddress, timeoutMs: number, onOpening: (failure?: StreamFailure) => void): MulticastStream {
    const connection = this.machine.open(address.publicKey, timeoutMs, this.core.clock.nowMs())
    const addresses = { local: this.core.address, remote: formatMulticastAddress(address) }
    this.wake()
    return new MulticastStream(connection, addresses, this.wake, onOpening)
  }

  /** Give up every stream, tell the others once, and let go of the node. */
  stop(failure: StreamFailure): void {
    if (this.#isStopped) return
    this.machine.listener = undefined
    this.machine.abortAll(failure, this.core.clock.nowMs())
    this.#isStopped = true
    this.#timer.stop()
    this.#detach()
    for (const controller of this.#renewals) controller.abort()
  }

  #follow(nowMs: number): void {
    if (this.#isStopped) return
    if (this.machine.isTouched || this.machine.deadlineMs <= nowMs) this.machine.advance(nowMs)
    this.#timer.arm(this.machine.deadlineMs, nowMs)
  }

  #renew(peer: Uint8Array): void {
    const { core } = this
    const address = core.addressOf(peer)
    const controller = new AbortController()
    this.#renewals.add(controller)
    const stopTimer = core.clock.schedule(() => controller.abort(), RENEW_TIMEOUT_MS)
    const done = (isOpen: boolean): void => {
      stopTimer()
      this.#renewals.delete(controller)
      if (this.#isStopped) return
      const nowMs = core.clock.nowMs()
      this.machine.renewed(peer, isOpen, nowMs)
      this.#follow(nowMs)
    }
    if (address === undefined) {
      queueMicrotask(() => done(false))
      return
    }
    core.ensureSession(address, { signal: controller.signal, fresh: core.canSendTo(peer) }).then(
      () => done(true),
      (error: MulticastError) => {
        core.logger?.debug({ error }, 'multicast: no new session for streams')
        done(false)
      },
    )
  }
}

/** What a callback of the user throws is nobody's but the process's. */
function callSafely(callback: () => void): void {
  try {
    callback()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
