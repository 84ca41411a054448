import {
  type ByteStream,
  type DialOptions,
  isTransportError,
  type Listener,
  type ListenOptions,
  type StreamTransport,
  TransportError,
} from '@mimirjs/transport'
import { equalBytes } from '@mimirjs/wire'
import { formatRendezvousAddress, parseRendezvousAddress, SCHEME } from './address.js'
import type { NodeEngine } from './engine.js'
import { transportError } from './failure.js'

/** A knock lives 120 s: whoever is asked may take that long. */
const DIAL_TIMEOUT_MS = 125_000
/** A link may end, or be replaced, in the very moment in which a stream is opened on it. */
const TRIES = 3

/** Streams between people, over the links of a node: whoever is dialled is met first, if there is no link with him. */
export class NodeStreams implements StreamTransport {
  readonly scheme: string = SCHEME
  readonly #engine: NodeEngine
  readonly #address: string

  constructor(engine: NodeEngine) {
    this.#engine = engine
    this.#address = formatRendezvousAddress(engine.signer.publicKey)
  }

  async dial(address: string, { timeoutMs = DIAL_TIMEOUT_MS, signal }: DialOptions = {}): Promise<ByteStream> {
    const doing = `dial ${address}`
    const publicKey = parseRendezvousAddress(address)
    if (equalBytes(publicKey, this.#engine.signer.publicKey))
      throw new TransportError('bad-address', `${doing}: expected the address of somebody else, this is our own`)
    const controller = new AbortController()
    const aborted = (): TransportError =>
      new TransportError('aborted', `${doing}: aborted by the signal given`, { cause: signal?.reason })
    if (signal?.aborted) throw aborted()
    const onAbort = (): void => controller.abort(aborted())
    signal?.addEventListener('abort', onAbort)
    const late = new TransportError('timeout', `${doing}: no answer within ${timeoutMs} ms`)
    const cancelTimer = this.#engine.settings.clock.schedule(() => controller.abort(late), timeoutMs)
    try {
      return await this.#open(publicKey, controller.signal)
    } catch (error) {
      throw controller.signal.aborted ? controller.signal.reason : transportError(error, doing)
    } finally {
      cancelTimer()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async listen(address: string, { onStream }: ListenOptions): Promise<Listener> {
    const doing = `listen ${address}`
    parseRendezvousAddress(address)
    const engine = this.#engine
    if (address !== this.#address)
      throw new TransportError('bad-address', `${doing}: expected our own address, ${this.#address}`)
    if (engine.isClosed) throw new TransportError('aborted', `${doing}: the node is closed`)
    if (engine.takeStream !== undefined)
      throw new TransportError('address-in-use', `${doing}: this node listens already, and does so once`)
    const take = (stream: ByteStream): void => {
      try {
        onStream(stream)
      } catch (error) {
        // Nobody else will.
        stream.abort()
        engine.report(error)
      }
    }
    engine.takeStream = take
    return {
      address,
      close: async () => {
        if (engine.takeStream === take) engine.takeStream = undefined
      },
    }
  }

  async #open(publicKey: Uint8Array, signal: AbortSignal): Promise<ByteStream> {
    for (let left = TRIES; ; left--) {
      const link = await this.#engine.connect(publicKey, signal)
      signal.throwIfAborted()
      try {
        return await link.openStream(signal)
      } catch (error) {
        if (signal.aborted || left <= 1 || !isTransportError(error) || error.code !== 'reset') throw error
      }
    }
  }
}
