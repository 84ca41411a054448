import { INVITE_LIFE_SECONDS } from './commands/invites.js'
import { type Core, secondsOf } from './core.js'
import { call, type Program } from './operations.js'

const SWEEP_MS = 1_000
/** Mediator protocol §13: invites are swept at start and every hour; §6: nonces older than a day with them. */
const HOUR_MS = 3_600_000
const NONCE_SECONDS = 86_400n
const DAY_SECONDS = 86_400

/** What has to be done by the clock: one timer for all connections, one for the database. */
export class Housekeeping {
  readonly #core: Core
  readonly #retentionDays: number
  readonly #sweep: () => void
  #cancelSweep: (() => void) | undefined
  #cancelHourly: (() => void) | undefined

  /** @param sweep - called once a second */
  constructor(core: Core, retentionDays: number, sweep: () => void) {
    this.#core = core
    this.#retentionDays = retentionDays
    this.#sweep = sweep
  }

  /** @throws {MediatorServerError} `store` */
  async start(): Promise<void> {
    const { store, clock } = this.#core
    const seconds = secondsOf(clock)
    // A nonce belongs to a connection, and there is none yet.
    const all = seconds + NONCE_SECONDS
    await store.run(() => this.#tidy(seconds, all))
    this.#scheduleSweep()
    this.#scheduleHourly()
  }

  stop(): void {
    this.#cancelSweep?.()
    this.#cancelHourly?.()
  }

  #scheduleSweep(): void {
    this.#cancelSweep = this.#core.clock.schedule(() => {
      this.#scheduleSweep()
      this.#sweep()
    }, SWEEP_MS)
  }

  #scheduleHourly(): void {
    this.#cancelHourly = this.#core.clock.schedule(() => {
      this.#scheduleHourly()
      void this.#hourly()
    }, HOUR_MS)
  }

  /** Blobs expire some at a time, so that nobody waits for all of them. */
  async #hourly(): Promise<void> {
    const seconds = secondsOf(this.#core.clock)
    let expired: number | undefined
    do expired = await this.#core.background(() => this.#tidy(seconds, seconds - NONCE_SECONDS))
    while (expired !== undefined && expired > 0)
  }

  /** @returns how many blobs were dropped */
  *#tidy(seconds: bigint, noncesBefore: bigint): Program<number> {
    yield* call('expireInvites', seconds - INVITE_LIFE_SECONDS)
    yield* call('expireNonces', noncesBefore)
    if (this.#retentionDays === 0) return 0
    return yield* call('expireBlobs', seconds - BigInt(Math.ceil(this.#retentionDays * DAY_SECONDS)))
  }
}
