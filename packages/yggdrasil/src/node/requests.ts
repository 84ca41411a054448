import { addressForKey, isAddress, isSubnet, keyForAddress, keyForSubnet, subnetForKey } from '../address.js'
import { YggdrasilError } from '../error.js'
import { isKeyAt, KEY_BYTES } from '../key.js'
import type { PingResult } from './types.js'

/** What a look-up is for: 32 bytes are a key, 16 an address, 8 a subnet. */
export type Target = Uint8Array

/** How a request is settled; exactly one of the two is called, once, never from inside the call that made it. */
export interface Settle<Result> {
  resolve(result: Result): void
  reject(error: YggdrasilError): void
}

/** What requests need of the machines below. */
export interface RequestsOutput {
  /** Look for the path to a key, or to a partial one. */
  lookup(partialKey: Uint8Array, nowMs: number): void
  /** @returns `nowMs` when an Init went out; else when the next one may */
  probe(key: Uint8Array, nowMs: number): number
}

/** A look-up that was not answered is repeated so often. yggdrasil protocol §6 */
const LOOKUP_PAUSE_MS = 1000
/** A ping that was not answered is repeated after so long, then after twice as long… */
const PING_PAUSE_MS = 1000
const MAX_PING_PAUSE_MS = 8000

interface Request {
  readonly untilMs: number
  dueMs: number
  send(nowMs: number): void
  fail(error: YggdrasilError): void
  /** For the text of a failure. */
  readonly what: string
}

interface Lookup extends Request {
  readonly target: Target
  found(key: Uint8Array): void
}

interface Ping extends Request {
  readonly key: Uint8Array
  answered(nowMs: number): void
}

/** Look-ups by address (yggdrasil protocol §9.3) and pings under way: repeated until answered, or until their time is up. */
export class Requests {
  readonly #output: RequestsOutput
  readonly #limit: number
  readonly #lookups = new Set<Lookup>()
  readonly #pings = new Set<Ping>()

  /** @param limit - requests at one time */
  constructor(output: RequestsOutput, limit: number) {
    this.#output = output
    this.#limit = limit
  }

  get size(): number {
    return this.#lookups.size + this.#pings.size
  }

  get nextDeadlineMs(): number {
    let next = Number.POSITIVE_INFINITY
    // Asked after every packet, and there is hardly ever one.
    if (this.size === 0) return next
    for (const set of [this.#lookups, this.#pings]) {
      for (const { dueMs, untilMs } of set) next = Math.min(next, dueMs, untilMs)
    }
    return next
  }

  /**
   * Find the key that fits `target`. The first look-up goes out with the next {@link advance}.
   * @returns gives it up, with this error
   * @throws {YggdrasilError} `flood`
   */
  lookup(
    target: Target,
    nowMs: number,
    timeoutMs: number,
    settle: Settle<Uint8Array>,
  ): (error: YggdrasilError) => void {
    const partialKey = partialKeyOf(target)
    const lookup: Lookup = {
      target,
      what: 'look-up',
      untilMs: nowMs + timeoutMs,
      dueMs: nowMs,
      send: (atMs) => {
        lookup.dueMs = atMs + LOOKUP_PAUSE_MS
        this.#output.lookup(partialKey, atMs)
      },
      found: (key) => {
        if (this.#lookups.delete(lookup)) settle.resolve(key.slice())
      },
      fail: (error) => {
        if (this.#lookups.delete(lookup)) settle.reject(error)
      },
    }
    this.#add(this.#lookups, lookup)
    return lookup.fail
  }

  /**
   * Make a node answer. What it answers is an Init, with an Ack: every implementation does, whatever is built on it.
   * @returns gives it up, with this error
   * @throws {YggdrasilError} `flood`
   */
  ping(key: Uint8Array, nowMs: number, timeoutMs: number, settle: Settle<PingResult>): (error: YggdrasilError) => void {
    let attempts = 0
    let sentMs = Number.NaN
    const ping: Ping = {
      key,
      what: 'ping',
      untilMs: nowMs + timeoutMs,
      dueMs: nowMs,
      send: (atMs) => {
        const goesMs = this.#output.probe(key, atMs)
        if (goesMs > atMs) {
          ping.dueMs = goesMs
          return
        }
        sentMs = atMs
        ping.dueMs = atMs + Math.min(PING_PAUSE_MS * 2 ** attempts++, MAX_PING_PAUSE_MS)
      },
      answered: (atMs) => {
        // An Ack for an Init of somebody else's is no answer to this.
        if (attempts > 0 && this.#pings.delete(ping)) settle.resolve({ rttMs: atMs - sentMs, attempts })
      },
      fail: (error) => {
        if (this.#pings.delete(ping)) settle.reject(error)
      },
    }
    this.#add(this.#pings, ping)
    return ping.fail
  }

  /** The path to this node was found. */
  found(key: Uint8Array): void {
    if (this.#lookups.size === 0) return
    for (const lookup of [...this.#lookups]) if (fits(lookup.target, key)) lookup.found(key)
  }

  /** An Ack of this node came. */
  answered(key: Uint8Array, nowMs: number): void {
    if (this.#pings.size === 0) return
    for (const ping of [...this.#pings]) if (isKeyAt(key, 0, ping.key)) ping.answered(nowMs)
  }

  advance(nowMs: number): void {
    for (const set of [this.#lookups, this.#pings]) {
      for (const request of [...set]) {
        if (nowMs >= request.untilMs) {
          request.fail(
            new YggdrasilError(
              'timeout',
              `${request.what}: no answer in time; the node may be off, or not reachable from here`,
            ),
          )
        } else if (nowMs >= request.dueMs) {
          request.send(nowMs)
        }
      }
    }
  }

  /** Give all up. */
  close(error: YggdrasilError): void {
    for (const set of [this.#lookups, this.#pings]) for (const request of [...set]) request.fail(error)
  }

  #add<Kind extends Request>(set: Set<Kind>, request: Kind): void {
    if (this.size >= this.#limit) {
      const text = `${request.what}: ${this.#limit} are under way already: wait for some, or raise limits.requests`
      throw new YggdrasilError('flood', text, { blame: 'local' })
    }
    set.add(request)
  }
}

function partialKeyOf(target: Target): Uint8Array {
  if (isAddress(target)) return keyForAddress(target)
  return isSubnet(target) ? keyForSubnet(target) : target
}

/** Two nodes can share a subnet, or look the same to a look-up: only what was asked for counts. */
function fits(target: Target, key: Uint8Array): boolean {
  if (target.length === KEY_BYTES) return isKeyAt(key, 0, target)
  const told = isAddress(target) ? addressForKey(key) : subnetForKey(key)
  return target.every((byte, at) => byte === told[at])
}
