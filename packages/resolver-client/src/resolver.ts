import { randomBytes, type Signer, verify } from '@mimirjs/crypto'
import { type Clock, parseAddress, steadyClock } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import { type AddressSource, Announcing, type AnnouncingHost, announceOnce } from './announcing.js'
import { failure, ResolverError } from './error.js'
import type { AnnouncedRecord } from './forms.js'
import { completeLimits, type ResolverLimits } from './limits.js'
import { type LookupResult, ResolverMachine } from './machine.js'
import {
  type AnnounceOptions,
  checkedClientId,
  neighbour,
  type ResolveOptions,
  type ResolverOptions,
  randomClientId,
  requirePriority,
} from './options.js'
import { policyOf, type ResolverPolicy } from './policy.js'
import type { ResolvedAddress } from './record.js'
import { defaultBinding, Sockets } from './sockets.js'
import { Trackers } from './trackers.js'

const PUBLIC_KEY_BYTES = 32
/**
 * Finds where a public key can be reached now, and announces where we can be reached, over the trackers of one generation.
 *
 * ```ts
 * const resolver = new Resolver({ trackers: ['udp://[200:db8::1]:5050'], transport: udp() })
 * const [first] = await resolver.resolve(publicKey)
 * ```
 */
export class Resolver {
  readonly #policy: ResolverPolicy
  readonly #limits: ResolverLimits
  readonly #clock: Clock
  readonly #signer: Signer | undefined
  readonly #clientId: number
  readonly #trackers: Trackers
  readonly #machine: ResolverMachine
  readonly #sockets: Sockets
  readonly #host: Omit<AnnouncingHost, 'sign'>
  readonly #announcing = new Set<Announcing>()
  /** Rejects what is awaited when the resolver closes. */
  readonly #awaited = new Set<(error: ResolverError) => void>()
  /** Of the addresses signed last, by their hex. */
  readonly #signatures = new Map<string, Uint8Array>()
  #cancelTimer: (() => void) | undefined
  #timerMs = Infinity
  #running = false
  #closing: Promise<void> | undefined

  /**
   * @throws {ResolverError} `bad-address`
   * @throws {RangeError} for a limit, a clientId or another option out of its range
   */
  constructor(options: ResolverOptions) {
    const {
      generation = 'classic',
      transport,
      bind,
      signer,
      clock = steadyClock,
      random = randomBytes,
      logger,
    } = options
    this.#policy = policyOf(generation, options)
    const { scheme, port } = this.#policy
    if (scheme !== undefined && transport.scheme !== scheme) {
      throw new ResolverError(
        'bad-address',
        `trackers of generation ${generation} are on ${scheme}:// addresses, the transport is for ${transport.scheme}://`,
      )
    }
    this.#limits = completeLimits(options.limits)
    this.#clock = clock
    this.#signer = signer
    this.#clientId = options.clientId === undefined ? randomClientId(random) : checkedClientId(options.clientId)
    this.#trackers = new Trackers(options.trackers, transport.scheme, port)
    this.#machine = new ResolverMachine(this.#policy, this.#limits, this.#trackers, random)
    if (bind !== undefined) parseAddress(bind, transport.scheme)
    const name = `resolver-${toHex(random(8))}`
    this.#sockets = new Sockets(transport, (tracker) => bind ?? defaultBinding(tracker, name), {
      message: (bytes, from) => this.#run(() => this.#machine.receive(bytes, from, clock.nowMs())),
      unreachable: (tracker, cause) => {
        logger?.warn({ tracker: tracker.address, err: cause }, 'tracker cannot be reached')
        this.#run(() => this.#machine.unreachable(tracker, cause, clock.nowMs()))
      },
    })
    this.#host = {
      maxAddresses: this.#limits.announcedAddresses,
      add: (record, events, repeat) => this.#machine.addAnnouncer(record, events, repeat),
      refresh: (announcer, record) => this.#run(() => announcer.refresh(record, clock.nowMs())),
      remove: (announcer) => this.#run(() => this.#machine.removeAnnouncer(announcer)),
      wait: (callback, delayMs) => clock.schedule(callback, delayMs),
      report: (error) => logger?.warn({ err: error }, 'a listener threw'),
    }
  }

  /** The client id announced, for a caller that wants to keep a random one. */
  get clientId(): number {
    return this.#clientId
  }

  /**
   * Where `publicKey` (32 bytes) can be reached, in dial order: from the cache if it is known, else from all trackers at
   * once. Every address was signed by that key. None is an answer too: nobody announced that key at our trackers lately.
   * @throws {ResolverError} `timeout` | `malformed` | `transport` | `no-tracker` | `busy` | `aborted` | `closed`
   * @throws {RangeError} for a key of another length
   */
  async resolve(publicKey: Uint8Array, { signal, force = false }: ResolveOptions = {}): Promise<ResolvedAddress[]> {
    if (publicKey.length !== PUBLIC_KEY_BYTES) {
      throw new RangeError(`a public key has ${PUBLIC_KEY_BYTES} bytes, got ${publicKey.length}`)
    }
    this.#requireUsable(signal, 'resolve')
    const known = force ? undefined : this.#machine.cached(publicKey, this.#clock.nowMs())
    if (known !== undefined) return known
    const result = await this.#await<LookupResult>('resolve', signal, (settle) =>
      this.#run(() => this.#machine.lookup(publicKey, settle, this.#clock.nowMs())),
    )
    if (result.type === 'found') return [...result.addresses]
    throw failure(result.reason, 'resolve', result.cause)
  }

  /**
   * Announce once. Resolves when the first tracker keeps the record; the others are told in the background.
   * @returns the seconds after which that tracker wants to hear of us again: {@link startAnnouncing} sees to it
   * @throws {ResolverError} `key-capability` | `bad-address` | `timeout` | `malformed` | `transport` | `no-tracker` |
   *   `busy` | `aborted` | `closed`
   */
  async announce(
    { address, priority }: AnnounceOptions,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<{ ttlSeconds: number }> {
    this.#requireUsable(signal, 'announce')
    const record = await this.#sign(address, 0, priority)
    this.#requireUsable(signal, 'announce')
    return this.#await('announce', signal, (settle, fail) =>
      announceOnce({ ...this.#host, sign: () => Promise.resolve(record) }, record, settle, fail),
    )
  }

  /**
   * Announce from now on, until the handle is stopped or the resolver closed. An address given as a function is asked
   * for every five seconds, and a change announced at once. Several addresses go out under neighbouring client ids,
   * since a tracker keeps one record per client id.
   * @throws {ResolverError} `key-capability` | `no-tracker` | `closed`
   * @throws {RangeError} for a priority out of its range
   */
  startAnnouncing({ address, priority }: { readonly address: AddressSource; readonly priority?: number }): Announcing {
    this.#requireUsable(undefined, 'announce')
    if (this.#signer === undefined) throw failure('key-capability', 'announce')
    if (priority !== undefined) requirePriority(priority)
    const sign = (text: string, index: number): Promise<AnnouncedRecord> => this.#sign(text, index, priority)
    const announcing: Announcing = new Announcing(address, { ...this.#host, sign }, () => {
      this.#announcing.delete(announcing)
    })
    this.#announcing.add(announcing)
    return announcing
  }

  /** A dial to `address` failed: do not hand it out again until a tracker names it anew. */
  forget(publicKey: Uint8Array, address: string): void {
    this.#machine.forget(publicKey, address)
  }

  /** Stop everything; what is awaited rejects with `closed`. Calling it again joins the first call. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const announcing of [...this.#announcing]) announcing.stop()
    this.#machine.close()
    this.#cancelTimer?.()
    for (const reject of [...this.#awaited]) reject(failure('closed', 'wait'))
    await this.#sockets.close()
  }

  #requireUsable(signal: AbortSignal | undefined, doing: string): void {
    if (this.#closing !== undefined) throw failure('closed', doing)
    if (signal?.aborted) throw failure('aborted', doing, signal.reason)
    if (this.#trackers.all.length === 0) throw failure('no-tracker', doing)
  }

  /** Wait for what `begin` starts; an abort or close cancels it with the function that `begin` returned. */
  #await<T>(
    doing: string,
    signal: AbortSignal | undefined,
    begin: (settle: (value: T) => void, fail: (error: ResolverError) => void) => () => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let cancel: (() => void) | undefined
      const onAbort = (): void => {
        cancel?.()
        fail(failure('aborted', doing, signal?.reason))
      }
      const letGo = (): void => {
        signal?.removeEventListener('abort', onAbort)
        this.#awaited.delete(fail)
      }
      const fail = (error: ResolverError): void => {
        letGo()
        reject(error)
      }
      signal?.addEventListener('abort', onAbort)
      this.#awaited.add(fail)
      cancel = begin((value) => {
        letGo()
        resolve(value)
      }, fail)
    })
  }

  async #sign(text: string, index: number, priority: number = this.#policy.announcePriority): Promise<AnnouncedRecord> {
    const signer = this.#signer
    if (signer === undefined) throw failure('key-capability', 'announce')
    requirePriority(priority)
    const { address, port } = this.#policy.addresses.toRecord(text)
    const { publicKey } = signer
    const key = toHex(address)
    const known = this.#signatures.get(key)
    const signature = known ?? (await signWith(signer, address))
    if (known === undefined) {
      if (!verify(signature, address, publicKey)) {
        throw new ResolverError('key-capability', 'announce: the signer signs with another key than its publicKey')
      }
      if (this.#signatures.size >= this.#limits.announcedAddresses) this.#signatures.clear()
      this.#signatures.set(key, signature)
    }
    return { publicKey, port, priority, clientId: neighbour(this.#clientId, index), address, signature }
  }

  /** Run a command of the machine, then do what came of it. Commands given meanwhile are part of it. */
  #run<T>(command: () => T): T {
    if (this.#running) return command()
    this.#running = true
    try {
      const result = command()
      if (this.#closing === undefined) this.#pump()
      return result
    } finally {
      this.#running = false
    }
  }

  #pump(): void {
    for (;;) {
      this.#machine.tick(this.#clock.nowMs())
      const outgoing = this.#machine.takeOutgoing()
      if (outgoing.length === 0) break
      for (const datagram of outgoing) this.#sockets.send(datagram)
    }
    const nextMs = this.#machine.nextDeadlineMs
    if (nextMs === this.#timerMs) return
    this.#cancelTimer?.()
    this.#timerMs = nextMs
    if (nextMs === Infinity) return
    this.#cancelTimer = this.#clock.schedule(
      () => {
        this.#timerMs = Infinity
        this.#run(() => undefined)
      },
      Math.max(0, nextMs - this.#clock.nowMs()),
    )
  }
}

/** A signer is somebody else's code. */
async function signWith(signer: Signer, address: Uint8Array): Promise<Uint8Array> {
  try {
    const signature: unknown = await signer.sign(address)
    if (!(signature instanceof Uint8Array)) throw new TypeError(`expected 64 bytes, got ${typeof signature}`)
    return signature
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ResolverError('key-capability', `announce: the signer failed: ${reason}`, { cause })
  }
}
