import { randomBytes as systemRandomBytes } from '@mimirjs/crypto'
import { type Clock, formatAddress, steadyClock, wallClock } from '@mimirjs/transport'
import { Counters } from './counters.js'
import { Hub } from './hub.js'
import { type RendezvousServerLimits, serverLimitsOf } from './limits.js'
import { type Listening, openListening } from './listen.js'
import { metricsText } from './metrics.js'
import { serverNames } from './names.js'
import { type HttpPage, servePage } from './page.js'
import { RendezvousProfile } from './rendezvous.js'
import { Sources } from './source.js'
import type { RendezvousServerOptions, RendezvousServerStats } from './types.js'
import { Upgrades } from './upgrades.js'

const GRACE_MS = 2_000

/**
 * A server where people who know each other's key meet: it knows that they own their keys, relays what they signed, and
 * stores nothing. It can neither read what they say later, nor stand between them. rendezvous protocol B4, B5, B8
 *
 * ```ts
 * const server = await RendezvousServer.open({ listen: 'ws://127.0.0.1:18765' })
 * ```
 */
export class RendezvousServer implements AsyncDisposable {
  /** What it listens on, with the port that the system chose: `ws://127.0.0.1:18765`. */
  readonly address: string
  /** What clients dial: one of these names is in the signature of every login. */
  readonly names: readonly string[]
  readonly #listening: Listening
  readonly #counters: Counters
  readonly #hub: Hub
  readonly #clock: Clock
  readonly #upgrades: Upgrades
  #page: HttpPage | undefined
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined
  #closing: Promise<void> | undefined

  /** Listen. @throws {RendezvousError} `misuse` for options that cannot be | `listen` when an address cannot be bound */
  static async open(options: RendezvousServerOptions): Promise<RendezvousServer> {
    const limits = serverLimitsOf(options.limits)
    const sources = new Sources(options.trustedProxies)
    const listening = await openListening(options, sources, limits)
    let server: RendezvousServer | undefined
    try {
      // Loaded only where somebody wants it: it is weak, and needs what nothing else does.
      const legacy = options.legacy ? await import('./legacy/index.js') : undefined
      server = new RendezvousServer(options, limits, sources, listening, legacy)
      await server.#open(options)
      return server
    } catch (error) {
      await (server === undefined ? listening.close() : server.close({ graceMs: 0 }))
      throw error
    }
  }

  private constructor(
    options: RendezvousServerOptions,
    limits: RendezvousServerLimits,
    sources: Sources,
    listening: Listening,
    legacy: typeof import('./legacy/index.js') | undefined,
  ) {
    const { clock, path, randomBytes = systemRandomBytes, tls } = options
    const { isTls, host, port, server } = listening
    this.names = serverNames(options.names, { isTls, host, port, cert: tls?.cert })
    this.address = formatAddress({ scheme: isTls ? 'wss' : 'ws', host, port })
    this.#listening = listening
    const counters = (this.#counters = new Counters())
    this.#hub = new Hub(limits, counters, () => this.#wait())
    // What is waited for must not change when somebody sets the system's clock.
    this.#clock = clock ?? steadyClock
    const wall = clock ?? wallClock
    const profile = new RendezvousProfile({
      names: this.names,
      limits,
      counters,
      randomBytes,
      wallNowMs: () => wall.nowMs(),
    })
    this.#upgrades = new Upgrades(server, {
      hub: this.#hub,
      sources,
      profile,
      legacy: legacy?.createLegacyProfile({
        limits,
        randomBytes,
        relayed: (outcome) => void counters.envelopes[outcome]++,
      }),
      path,
      isLent: options.server !== undefined,
      nowMs: () => this.#clock.nowMs(),
    })
  }

  /** Address of the page for health and metrics, when there is one. */
  get httpAddress(): string | undefined {
    return this.#page?.address
  }

  /** The figures of now. */
  stats(): RendezvousServerStats {
    const { cut, envelopes, ...counts } = this.#counters
    return {
      connections: this.#hub.size,
      authenticated: this.#hub.authenticatedSize,
      ...counts,
      envelopes: { ...envelopes },
      cut: { ...cut },
    }
  }

  /** The figures in the text format of Prometheus, for a page of yours. */
  metrics(): string {
    return metricsText(this.stats())
  }

  /**
   * Take a new certificate, for connections from now on. The names stay those of the old one.
   * @throws {RendezvousError} `misuse` without one to begin with
   */
  setTls(tls: { readonly cert: string; readonly key: string }): void {
    this.#listening.setTls(tls)
  }

  /**
   * Stop accepting, tell all clients to come back later (1001), and cut those that have not gone after `graceMs`, by
   * default 2,000. A server that was lent stays open. Calling it again joins the first call.
   */
  close({ graceMs = GRACE_MS }: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(graceMs)
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #open({ http, logger }: RendezvousServerOptions): Promise<void> {
    if (http !== undefined) this.#page = await servePage(http.address, () => this.metrics())
    logger?.info({ address: this.address, names: this.names }, 'rendezvous server listens')
  }

  async #close(graceMs: number): Promise<void> {
    this.#timer?.cancel()
    this.#hub.shutdown()
    // The system's time: a clock that is turned by hand must not hold up the end.
    const gone = this.#upgrades.close(graceMs, (callback, delayMs) => steadyClock.schedule(callback, delayMs))
    await Promise.all([gone.then(() => this.#listening.close()), this.#page?.close()])
  }

  /** One timer for all that is waited for. */
  #wait(): void {
    const atMs = this.#hub.nextDeadlineMs
    if (this.#closing !== undefined || (this.#timer !== undefined && this.#timer.atMs <= atMs)) return
    this.#timer?.cancel()
    this.#timer = undefined
    if (atMs === Infinity) return
    const cancel = this.#clock.schedule(() => {
      this.#timer = undefined
      this.#hub.tick(this.#clock.nowMs())
      this.#wait()
    }, atMs - this.#clock.nowMs())
    this.#timer = { atMs, cancel }
  }
}
