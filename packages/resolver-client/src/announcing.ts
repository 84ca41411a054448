import { Emitter } from '@mimirjs/transport'
import type { Announcer, AnnouncerEvents } from './announcer.js'
import { failure, isResolverError, ResolverError } from './error.js'
import type { AnnouncedRecord } from './forms.js'

export interface AnnouncingEvents extends Record<string, unknown> {
  /** A tracker keeps our record. */
  announced: {
    readonly address: string
    readonly tracker: string
    /** The tracker's own figure; when it will be told again is bounded by the protocol. */
    readonly ttlSeconds: number
  }
  /** Something is not announced now; it is tried again by itself. */
  failed: { readonly address: string | undefined; readonly error: ResolverError }
}

/** The address to announce, several of them, or a function that tells them: none while there is none. */
export type AddressSource = string | readonly string[] | (() => string | readonly string[] | undefined)

/** What announcing needs of the resolver. */
export interface AnnouncingHost {
  /** The signed record of the `index`-th address of this device. @throws {ResolverError} `bad-address` | `key-capability` */
  sign(address: string, index: number): Promise<AnnouncedRecord>
  /** An announcer for `record`, idle before its first `refresh`; `repeat` is false for once only. */
  add(record: AnnouncedRecord, events: AnnouncerEvents, repeat: boolean): Announcer
  refresh(announcer: Announcer, record: AnnouncedRecord): void
  remove(announcer: Announcer): void
  /** @returns a function that cancels */
  wait(callback: () => void, delayMs: number): () => void
  report(error: unknown): void
  readonly maxAddresses: number
}

/** How often a source that is a function is asked, and how soon an address that could not be used is tried again. */
const POLL_MS = 5000

/** Announces as long as it is not stopped; made by `Resolver.startAnnouncing`. */
export class Announcing {
  readonly #source: AddressSource
  readonly #host: AnnouncingHost
  readonly #emitter: Emitter<AnnouncingEvents>
  readonly #kept: { address: string; readonly announcer: Announcer }[] = []
  #updates: Promise<void> = Promise.resolve()
  #cancelWait: (() => void) | undefined
  readonly #onStop: () => void
  #stopped = false

  constructor(source: AddressSource, host: AnnouncingHost, onStop: () => void) {
    this.#onStop = onStop
    this.#source = source
    this.#host = host
    this.#emitter = new Emitter((error) => host.report(error))
    this.refresh()
  }

  /** @returns a function that takes the listener off again */
  on<Name extends keyof AnnouncingEvents>(name: Name, listener: (event: AnnouncingEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener)
  }

  off<Name extends keyof AnnouncingEvents>(name: Name, listener: (event: AnnouncingEvents[Name]) => void): void {
    this.#emitter.off(name, listener)
  }

  /** Announce again now: the network came back, the machine woke up. More than once in two seconds is put off. */
  refresh(): void {
    this.#queue(true)
  }

  /** Tell the trackers no more. What they know lapses by itself; the protocol cannot take it back. */
  stop(): void {
    this.#stopped = true
    this.#cancelWait?.()
    this.#keepOnly(0)
    this.#onStop()
  }

  /** One update after the other: signing may take its time. */
  #queue(always: boolean): void {
    this.#updates = this.#updates.then(() => this.#update(always))
  }

  async #update(always: boolean): Promise<void> {
    this.#cancelWait?.()
    let complete = true
    const addresses = this.#addresses()
    for (const [index, address] of addresses.entries()) {
      if (this.#stopped) return
      if (!always && this.#kept[index]?.address === address) continue
      try {
        const record = await this.#host.sign(address, index)
        if (!this.#stopped) this.#keep(index, address, record)
      } catch (error) {
        complete = false
        this.#failed(address, error)
        this.#keepOnly(index)
        break
      }
    }
    if (this.#stopped) return
    if (complete) this.#keepOnly(addresses.length)
    if (typeof this.#source === 'function' || !complete) {
      this.#cancelWait = this.#host.wait(() => this.#queue(false), POLL_MS)
    }
  }

  #keep(index: number, address: string, record: AnnouncedRecord): void {
    const known = this.#kept[index]
    if (known !== undefined) {
      known.address = address
      this.#host.refresh(known.announcer, record)
      return
    }
    const announcer = this.#host.add(
      record,
      {
        announced: (tracker, ttlSeconds) => {
          this.#emitter.emit('announced', { address: kept.address, tracker: tracker.address, ttlSeconds })
        },
        failed: (reason, cause) => this.#failed(kept.address, failure(reason, 'announce', cause)),
      },
      true,
    )
    const kept = { address, announcer }
    this.#kept[index] = kept
    this.#host.refresh(announcer, record)
  }

  #keepOnly(count: number): void {
    for (const { announcer } of this.#kept.splice(count)) this.#host.remove(announcer)
  }

  #addresses(): readonly string[] {
    try {
      const found = typeof this.#source === 'function' ? this.#source() : this.#source
      const list = found === undefined ? [] : typeof found === 'string' ? [found] : found
      return list.slice(0, this.#host.maxAddresses)
    } catch (error) {
      this.#failed(undefined, error)
      return []
    }
  }

  #failed(address: string | undefined, error: unknown): void {
    const known = isResolverError(error)
      ? error
      : new ResolverError('bad-address', 'the address to announce could not be found out', { cause: error })
    this.#emitter.emit('failed', { address, error: known })
  }
}

/**
 * Announce once to every place the generation asks for.
 * @param settle - called when the first tracker keeps the record; the others are told in the background
 * @param fail - called when none does
 * @returns a function that gives up what is still going on
 */
export function announceOnce(
  host: AnnouncingHost,
  record: AnnouncedRecord,
  settle: (result: { ttlSeconds: number }) => void,
  fail: (error: ResolverError) => void,
): () => void {
  let kept = false
  let open = 0
  const announcer: Announcer = host.add(
    record,
    {
      announced: (_tracker, ttlSeconds) => {
        kept = true
        settle({ ttlSeconds })
        if (--open === 0) host.remove(announcer)
      },
      failed: (reason, cause) => {
        if (--open > 0) return
        host.remove(announcer)
        if (!kept) fail(failure(reason, 'announce', cause))
      },
    },
    false,
  )
  open = announcer.places
  host.refresh(announcer, record)
  return () => host.remove(announcer)
}
