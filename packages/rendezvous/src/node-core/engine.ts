import type { Signer } from '@mimirjs/crypto'
import { type ByteStream, Emitter } from '@mimirjs/transport'
import { equalBytes } from '@mimirjs/wire'
import { RendezvousError } from '../error.js'
import { type Attempt, RendezvousMachine, type RendezvousState } from '../machine/index.js'
import type { RendezvousPlatform } from '../rtc/types.js'
import { Connections } from './connections.js'
import { NodeHost } from './host.js'
import { LazyTimer } from './lazy-timer.js'
import type { RendezvousLink } from './link.js'
import type { RendezvousNodeOptions } from './options.js'
import { Saver } from './saver.js'
import type { Settings } from './settings.js'
import { Sockets } from './sockets.js'
import type { RendezvousNodeEvents } from './types.js'
import { Waiters } from './waiters.js'

/** What the parts of a node share: the machine, the one timer, and the order in which things are told. */
export class NodeEngine {
  readonly signer: Signer
  readonly platform: RendezvousPlatform
  readonly settings: Settings
  readonly emitter: Emitter<RendezvousNodeEvents>
  /** Of the event `error` alone: what its own listeners throw must not come back to them. */
  readonly errors: Emitter<RendezvousNodeEvents>
  readonly machine: RendezvousMachine
  readonly sockets: Sockets
  readonly connections: Connections
  readonly saver: Saver | undefined
  readonly waiters: Waiters
  /** Those that are open. */
  readonly links: Map<Attempt, RendezvousLink> = new Map()
  /** Who takes the streams that others open, if anybody. */
  takeStream: ((stream: ByteStream) => void) | undefined
  isClosed = false
  readonly #timer: LazyTimer
  /** Calls of the machine that are under way; what is to be told waits until there is none. */
  #depth = 0
  #told: (() => void)[] = []
  #isTelling = false

  constructor(options: RendezvousNodeOptions, settings: Settings, state: RendezvousState | undefined) {
    const { signer, platform, name } = options
    const { clock, limits } = settings
    this.signer = signer
    this.platform = platform
    this.settings = settings
    this.emitter = new Emitter((error) => this.report(error))
    this.errors = new Emitter((error) => settings.logger?.error({ error }, 'rendezvous: a listener of error threw'))
    this.#timer = new LazyTimer(clock, () => {
      this.run((nowMs) => this.machine.tick(nowMs))
      return this.machine.nextDeadlineMs
    })
    this.connections = new Connections(this)
    this.sockets = new Sockets(platform, {
      opened: (socket, protocol) => this.run((nowMs) => this.machine.socketOpened(socket, protocol, nowMs)),
      text: (socket, text) => this.run((nowMs) => this.machine.socketText(socket, text, nowMs)),
      binary: (socket) => this.run((nowMs) => this.machine.socketBinary(socket, nowMs)),
      closed: (socket, code) => this.run((nowMs) => this.machine.socketClosed(socket, code, nowMs)),
      unsupported: (socket) => this.run((nowMs) => this.machine.socketUnsupported(socket, nowMs)),
    })
    this.waiters = new Waiters(this)
    this.machine = new RendezvousMachine(new NodeHost(this), {
      publicKey: signer.publicKey,
      nowMs: clock.nowMs(),
      state,
      limits,
      name: typeof name === 'function' ? () => this.#nameOf(name) : name,
      canRestartIce: platform.canRestartIce,
    })
    if (options.state !== undefined)
      this.saver = new Saver(
        options.state,
        clock,
        () => this.machine.state(),
        (error) => this.report(error),
      )
  }

  get nowMs(): number {
    return this.settings.clock.nowMs()
  }

  /** Call the machine. Whatever it tells is passed on after it has returned, so that listeners may call it again. */
  run<Value>(call: (nowMs: number) => Value): Value {
    this.#depth++
    try {
      return call(this.nowMs)
    } finally {
      this.#depth--
      if (this.#depth === 0) {
        this.#timer.arm(this.machine.nextDeadlineMs)
        this.#tell()
      }
    }
  }

  /** Do this when no call of the machine is under way. */
  later(told: () => void): void {
    this.#told.push(told)
    if (this.#depth === 0) queueMicrotask(() => this.#tell())
  }

  emit<Name extends keyof RendezvousNodeEvents>(name: Name, event: RendezvousNodeEvents[Name]): void {
    this.later(() => this.emitter.emit(name, event))
  }

  /** Something failed that nobody waits for. */
  report(error: unknown): void {
    this.settings.logger?.error({ error }, 'rendezvous: something failed in the background')
    this.later(() => this.errors.emit('error', error))
  }

  emitterOf(name: keyof RendezvousNodeEvents): Emitter<RendezvousNodeEvents> {
    return name === 'error' ? this.errors : this.emitter
  }

  /** @throws {RendezvousError} `closed` */
  requireOpen(doing: string): void {
    if (this.isClosed) throw new RendezvousError('closed', `${doing}: the node is closed`)
  }

  linkTo(publicKey: Uint8Array): RendezvousLink | undefined {
    return [...this.links.values()].reverse().find((link) => equalBytes(link.publicKey, publicKey))
  }

  async connect(publicKey: Uint8Array, signal: AbortSignal | undefined): Promise<RendezvousLink> {
    this.requireOpen('connect')
    if (signal?.aborted)
      throw new RendezvousError('aborted', 'connect: aborted by the signal given', { cause: signal.reason })
    return await this.waiters.wait(
      this.run((nowMs) => this.machine.connect(publicKey, nowMs)),
      signal,
    )
  }

  /** Never rejects. */
  async close(): Promise<void> {
    this.isClosed = true
    this.takeStream = undefined
    this.run((nowMs) => this.machine.closeAll(nowMs))
    this.#timer.stop()
    // Inside a listener, what was to be cut is not yet.
    await new Promise<void>((resolve) => {
      this.later(resolve)
    })
    await this.connections.closed()
    await this.saver?.flush()
  }

  #tell(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    try {
      for (let told = this.#told; told.length > 0; told = this.#told) {
        this.#told = []
        for (const tell of told) tell()
      }
    } finally {
      this.#isTelling = false
    }
  }

  #nameOf(name: () => string | undefined): string | undefined {
    try {
      return name()
    } catch (error) {
      this.report(error)
      return undefined
    }
  }
}
