import type { Clock } from '@mimirjs/transport'
import { isYggdrasilError, YggdrasilError } from '../error.js'
import { Backoff } from './backoff.js'
import type { Connection } from './connection.js'
import type { LinkDriver, PeerHandle, PeerState, PeerUri, RawLink } from './types.js'

export interface ConfiguredPeerOptions {
  readonly uri: PeerUri
  readonly driver: LinkDriver
  readonly clock: Clock
  readonly dialMs: number
  /** Unpredictable bytes. */
  random(bytes: number): Uint8Array
  /** Begin the handshake; `changed` is told of every change. */
  connect(raw: RawLink, changed: (connection: Connection) => void): Connection
  /** Told after every change of {@link ConfiguredPeer.state}. */
  onChange(peer: ConfiguredPeer): void
  /** It was removed; the last change follows. */
  onRemove(peer: ConfiguredPeer): void
}

/** A configured peer: dialled, kept, and dialled again, until it is removed. yggdrasil protocol §2.8 */
export class ConfiguredPeer implements PeerHandle {
  readonly #options: ConfiguredPeerOptions
  readonly #backoff: Backoff
  #connection: Connection | undefined
  /** Of the attempt that is being made. */
  #dialling: AbortController | undefined
  #attempted: Promise<void> = Promise.resolve()
  #cancelPause: (() => void) | undefined
  #retryAtMs: number | undefined
  #error: YggdrasilError | undefined
  #isStopped = false

  /** Begins to dial when {@link start} is called. */
  constructor(options: ConfiguredPeerOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.uri.maxBackoffMs)
  }

  get uri(): string {
    return this.#options.uri.id
  }

  get state(): PeerState {
    const connection = this.#connection
    const link = connection === undefined ? undefined : connectionState(connection)
    return {
      state: this.#isStopped ? 'stopped' : this.#dialling !== undefined ? 'connecting' : 'waiting',
      incoming: false,
      priority: this.#options.uri.priority,
      rxBytes: 0,
      txBytes: 0,
      ...link,
      uri: this.uri,
      failures: this.#backoff.failures,
      ...(this.#error === undefined || connection !== undefined ? {} : { error: this.#error }),
      ...(this.#retryAtMs === undefined ? {} : { retryAtMs: this.#retryAtMs }),
    }
  }

  start(): void {
    this.#attempt()
  }

  retryNow(): void {
    if (this.#cancelPause !== undefined) this.#attempt()
  }

  remove(): void {
    this.#options.onRemove(this)
    if (!this.#isStopped) this.#stop(new YggdrasilError('closed', `peer ${this.uri} was removed`))
  }

  /** Resolves when no attempt to dial is under way. */
  get idle(): Promise<void> {
    return this.#attempted
  }

  #attempt(): void {
    this.#endPause()
    const dialling = new AbortController()
    this.#dialling = dialling
    this.#options.onChange(this)
    this.#attempted = this.#dial(dialling)
  }

  async #dial(dialling: AbortController): Promise<void> {
    const { driver, uri, dialMs } = this.#options
    try {
      const raw = await driver.dial(uri, dialling.signal, dialMs)
      if (dialling.signal.aborted) {
        raw.close()
        return
      }
      this.#dialling = undefined
      this.#connection = this.#options.connect(raw, (connection) => this.#changed(connection))
      this.#options.onChange(this)
    } catch (cause) {
      if (dialling.signal.aborted) return
      this.#dialling = undefined
      this.#failed(
        isYggdrasilError(cause) ? cause : new YggdrasilError('link', `dial ${uri.id}: ${String(cause)}`, { cause }),
      )
    }
  }

  #changed(connection: Connection): void {
    if (connection !== this.#connection) return
    if (connection.state !== 'closed') {
      if (connection.state === 'up') this.#backoff.succeeded()
      this.#options.onChange(this)
      return
    }
    this.#connection = undefined
    if (this.#isStopped) return
    const why = connection.error ?? new YggdrasilError('link', 'the other side ended the link')
    const error = ofPeer(this.uri, why)
    if (error.code === 'self') this.#stop(error)
    else this.#failed(error)
  }

  #failed(error: YggdrasilError): void {
    const { clock, random } = this.#options
    const pauseMs = this.#backoff.failed(random(1)[0] ?? 0)
    this.#error = error
    this.#retryAtMs = clock.nowMs() + pauseMs
    this.#cancelPause = clock.schedule(() => this.#attempt(), pauseMs)
    this.#options.onChange(this)
  }

  #stop(error: YggdrasilError): void {
    this.#isStopped = true
    this.#error = error
    this.#endPause()
    this.#dialling?.abort(error)
    this.#dialling = undefined
    const connection = this.#connection
    this.#connection = undefined
    connection?.close(error)
    this.#options.onChange(this)
  }

  #endPause(): void {
    this.#cancelPause?.()
    this.#cancelPause = undefined
    this.#retryAtMs = undefined
  }
}

/** With the URI in front, as errors of dialling have it: a connection knows only where its transport leads. */
function ofPeer(uri: string, error: YggdrasilError): YggdrasilError {
  const { code, message, blame, cause } = error
  if (message.includes(uri)) return error
  return new YggdrasilError(code, `peer ${uri}: ${message}`, { blame, ...(cause === undefined ? {} : { cause }) })
}

/** What a connection says of itself. */
export function connectionState(connection: Connection): Omit<PeerState, 'failures'> {
  const { uri, incoming, remote, priority, rxBytes, txBytes, state, error } = connection
  const isLink = connection.id !== 0
  return {
    uri,
    state: state === 'closed' ? 'stopped' : state,
    incoming,
    remote,
    priority,
    rxBytes,
    txBytes,
    ...(isLink ? { publicKey: connection.publicKey, linkId: connection.id, upSinceMs: connection.upSinceMs } : {}),
    ...(error === undefined ? {} : { error }),
  }
}
