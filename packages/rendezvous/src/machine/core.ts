import { type EnvelopeBody, MAX_CLAIMED_NAME_LENGTH } from '@mimirjs/wire/rendezvous'
import { Buckets } from '../buckets.js'
import { type Counters, newCounters } from '../counters.js'
import { limitsOf, type RendezvousLimits } from '../limits.js'
import { TokenBucket } from '../token-bucket.js'
import { AttemptTable } from './attempt-table.js'
import { DismissedKnocks } from './dismissed-knocks.js'
import { Outbox } from './outbox.js'
import { Prompts } from './prompts.js'
import { Receiver } from './receiver.js'
import { ReplayTable } from './replay.js'
import { ServerLinks } from './server-links.js'
import { Signatures } from './signatures.js'
import { requireState } from './state.js'
import type { MachineHost, MachineOptions, PolicyAnswer } from './types.js'

const BUSY_PER_SECOND = 1
const BUSY_BURST = 5

/** What all parts of the machine share. */
export class Core {
  readonly host: MachineHost
  readonly publicKey: Uint8Array
  readonly epoch: number
  readonly limits: RendezvousLimits
  readonly canRestartIce: boolean
  readonly counters: Counters = newCounters()
  readonly signatures: Signatures
  readonly attempts: AttemptTable = new AttemptTable()
  readonly replays: ReplayTable
  readonly receiver: Receiver
  readonly outbox: Outbox
  readonly servers: ServerLinks
  readonly prompts: Prompts
  readonly blocked: Set<string> = new Set()
  /** Knocks that nobody answers, while they last. */
  readonly dismissed: DismissedKnocks
  /** How often others are told that we have no room. */
  readonly busy: TokenBucket = new TokenBucket(BUSY_PER_SECOND, BUSY_BURST)
  /** How often somebody is let in, by peer: it outlives his attempts. And how often all of them are. */
  readonly welcomes: Buckets
  readonly allWelcomes: TokenBucket
  readonly #name: MachineOptions['name']
  /** The next time that something is due, or earlier. */
  wakeMs: number = Number.POSITIVE_INFINITY

  constructor(host: MachineHost, options: MachineOptions) {
    const { publicKey, nowMs, canRestartIce = true, name } = options
    const state = options.state === undefined ? undefined : requireState(options.state)
    this.host = host
    this.publicKey = new Uint8Array(publicKey)
    this.epoch = Math.max(host.wallMs(nowMs), (state?.epoch ?? -1) + 1)
    this.limits = limitsOf(options.limits)
    this.canRestartIce = canRestartIce
    this.#name = name
    this.signatures = new Signatures(host)
    this.replays = new ReplayTable(this.limits, (peer) => this.attempts.has(peer), state?.contacts)
    this.receiver = new Receiver({
      publicKey: this.publicKey,
      replays: this.replays,
      wallMs: (timeMs) => host.wallMs(timeMs),
      policy: (peer, peerName) => this.#policy(peer, peerName),
      onContactHeard: () => host.stateChanged(),
    })
    this.outbox = new Outbox(this)
    this.servers = new ServerLinks(this)
    this.prompts = new Prompts(this.limits)
    const { welcomesPerKeyPerMinute, welcomesPerSecond, welcomesBurst, senders } = this.limits
    this.welcomes = new Buckets(welcomesPerKeyPerMinute / 60, welcomesPerKeyPerMinute, senders)
    this.allWelcomes = new TokenBucket(welcomesPerSecond, welcomesBurst)
    this.dismissed = new DismissedKnocks(this.limits)
  }

  /** What we say that we are called, fit to be sent. */
  get name(): string | undefined {
    const name = typeof this.#name === 'function' ? this.#name() : this.#name
    return name === undefined || name === '' ? undefined : cut(name)
  }

  /** See to it that the machine is woken by then. */
  wakeBy(timeMs: number): void {
    if (timeMs < this.wakeMs) this.wakeMs = timeMs
  }

  /** Write to somebody, over all servers, once. */
  write(to: Uint8Array, sid: Uint8Array, body: EnvelopeBody, nowMs: number): void {
    const letter = this.outbox.write(to, sid, body, this.limits.envelopeMs, nowMs)
    this.outbox.sign(letter, (frame) => {
      if (frame !== undefined) this.servers.send(frame)
    })
  }

  #policy(publicKey: Uint8Array, name: string): PolicyAnswer | 'blocked' {
    if (this.blocked.has(name)) return 'blocked'
    const answer = this.host.policy(publicKey)
    // Whom we call ourselves may answer.
    return answer === 'ignore' && !this.attempts.has(name) ? 'blocked' : answer
  }
}

/** At most as many UTF-16 code units as fit, and no half of a pair. */
function cut(name: string): string {
  const short = name.slice(0, MAX_CLAIMED_NAME_LENGTH)
  return /[\uD800-\uDBFF]$/.test(short) ? short.slice(0, -1) : short
}
