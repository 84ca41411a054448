import { formatAddress, parseAddress } from '../address.js'
import { TransportError } from '../error.js'
import type { ByteStream, DialOptions, Listener, ListenOptions, StreamTransport } from '../types.js'
import { MemoryStream } from './stream.js'
import { nextTurn } from './turn.js'

export class MemoryStreams implements StreamTransport {
  readonly scheme = 'memory'
  readonly #highWaterMarkBytes: number
  readonly #listeners = new Map<string, ListenOptions['onStream']>()
  #dials = 0

  constructor(highWaterMarkBytes: number) {
    this.#highWaterMarkBytes = highWaterMarkBytes
  }

  async dial(address: string, { signal }: DialOptions = {}): Promise<ByteStream> {
    const { host } = parseAddress(address, 'memory')
    const remote = formatAddress({ scheme: 'memory', host, port: 0 })
    throwIfAborted(remote, signal)
    await turnOfTheLoop()
    throwIfAborted(remote, signal)
    const onStream = this.#listeners.get(host)
    if (onStream === undefined) throw new TransportError('refused', `dial ${remote}: nobody listens there`)
    const local = `memory://dial-${++this.#dials}`
    const [near, far] = MemoryStream.pair(local, remote, this.#highWaterMarkBytes)
    nextTurn(onStream, far)
    return near
  }

  async listen(address: string, { onStream }: ListenOptions): Promise<Listener> {
    const { host } = parseAddress(address, 'memory')
    if (this.#listeners.has(host)) {
      throw new TransportError('address-in-use', `listen ${address}: this network has a listener of that name`)
    }
    // The function is the listener's identity: a name taken again after close belongs to another listener.
    const accept = (stream: ByteStream): void => onStream(stream)
    this.#listeners.set(host, accept)
    return {
      address: formatAddress({ scheme: 'memory', host, port: 0 }),
      close: async () => {
        if (this.#listeners.get(host) === accept) this.#listeners.delete(host)
      },
    }
  }
}

function throwIfAborted(address: string, signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return
  throw new TransportError('aborted', `dial ${address}: aborted by the signal given`, { cause: signal.reason })
}

function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => {
    nextTurn(resolve, undefined)
  })
}
