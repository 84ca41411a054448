import {
  type ByteStream,
  type DialOptions,
  type Listener,
  type ListenOptions,
  type StreamTransport,
  TransportError,
} from '@mimirjs/transport'
import { equalBytes } from '@mimirjs/wire'
import { type GroupRules, type MulticastAddress, parseMulticastAddress } from '../address/index.js'
import type { NodeCore } from '../node/core.js'
import type { StreamConnection } from './connection.js'
import { StreamDriver } from './driver.js'
import { streamError, transportError } from './failure.js'
import type { StreamLimits } from './limits.js'

const SCHEME = 'mp2p'
const DIAL_TIMEOUT_MS = 10_000

export interface MulticastStreamsOptions extends GroupRules {
  readonly limits?: Partial<StreamLimits> | undefined
}

/** Streams of a node, for whatever takes a `StreamTransport`. */
export interface MulticastStreams extends StreamTransport {
  /** Give up all streams and tell the other sides, once each. Never rejects. */
  close(): Promise<void>
}

/**
 * Streams over multicast sessions. Both ends have to take them: from the first `dial` or `listen` on, data that begins
 * with the label of the stream layer belongs to it, and before that to the program. Addresses are those of nodes,
 * `mp2p://KEY@[group]:port`; a node listens at its own one, once.
 */
export function createStreams(core: NodeCore, options: MulticastStreamsOptions = {}): MulticastStreams {
  return new CoreStreams(core, options)
}

class CoreStreams implements MulticastStreams {
  readonly scheme: string = SCHEME
  readonly #core: NodeCore
  readonly #rules: GroupRules
  readonly #limits: Partial<StreamLimits>
  #driver: StreamDriver | undefined

  constructor(core: NodeCore, { limits = {}, ...rules }: MulticastStreamsOptions) {
    this.#core = core
    this.#rules = rules
    this.#limits = limits
  }

  async dial(text: string, { timeoutMs = DIAL_TIMEOUT_MS, signal }: DialOptions = {}): Promise<ByteStream> {
    const doing = `dial ${text}`
    const address = this.#parse(text, doing)
    if (equalBytes(address.publicKey, this.#core.publicKey)) {
      throw new TransportError('bad-address', `${doing}: expected the address of another node, this is our own`)
    }
    const driver = this.#attached(doing)
    const { clock } = this.#core
    const controller = new AbortController()
    const untilMs = clock.nowMs() + timeoutMs
    const aborted = () =>
      new TransportError('aborted', `${doing}: aborted by the signal given`, { cause: signal?.reason })
    if (signal?.aborted) throw aborted()
    const onAbort = (): void => controller.abort(aborted())
    signal?.addEventListener('abort', onAbort)
    const stopTimer = clock.schedule(() => controller.abort(streamError('timeout', doing)), timeoutMs)
    try {
      await this.#core.ensureSession(address, { signal: controller.signal })
      controller.signal.throwIfAborted()
      return await open(driver, address, untilMs - clock.nowMs(), controller.signal, doing)
    } catch (error) {
      throw controller.signal.aborted ? controller.signal.reason : transportError(error, doing)
    } finally {
      stopTimer()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async listen(text: string, { onStream }: ListenOptions): Promise<Listener> {
    const doing = `listen on ${text}`
    const { publicKey, group, port } = this.#parse(text, doing)
    const own = parseMulticastAddress(this.#core.address, this.#rules)
    if (!equalBytes(publicKey, own.publicKey) || !equalBytes(group, own.group) || port !== own.port) {
      throw new TransportError('bad-address', `${doing}: expected the address of this node, ${this.#core.address}`)
    }
    const driver = this.#attached(doing)
    const { machine } = driver
    if (machine.listener !== undefined) {
      throw new TransportError('address-in-use', `${doing}: this node listens already, and does so once`)
    }
    const listener = (connection: StreamConnection): void => {
      const stream = driver.accepted(connection)
      try {
        onStream(stream)
      } catch (error) {
        // Nobody else will.
        stream.abort()
        throw error
      }
    }
    machine.listener = listener
    return {
      address: this.#core.address,
      close: async () => {
        if (machine.listener === listener) machine.listener = undefined
      },
    }
  }

  async close(): Promise<void> {
    this.#driver?.stop('aborted')
  }

  #parse(text: string, doing: string): MulticastAddress {
    try {
      return parseMulticastAddress(text, this.#rules)
    } catch (error) {
      throw transportError(error, doing)
    }
  }

  /** From now on, data with our label is ours. */
  #attached(doing: string): StreamDriver {
    try {
      this.#driver ??= new StreamDriver(this.#core, this.#limits)
    } catch (error) {
      throw transportError(error, doing)
    }
    if (this.#driver.isStopped) throw new TransportError('aborted', `${doing}: the node is closed`)
    return this.#driver
  }
}

function open(
  driver: StreamDriver,
  address: MulticastAddress,
  timeoutMs: number,
  signal: AbortSignal,
  doing: string,
): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(transportError(signal.reason, doing))
      stream.abort()
    }
    const stream = driver.open(address, timeoutMs, (failure) => {
      signal.removeEventListener('abort', onAbort)
      if (failure === undefined) resolve(stream)
      else reject(streamError(failure, doing))
    })
    signal.addEventListener('abort', onAbort)
  })
}
