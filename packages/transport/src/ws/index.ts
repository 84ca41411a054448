import { TransportError } from '../error.js'
import type { ByteStream, DialOptions, Listener, ListenOptions, StreamTransport } from '../types.js'
import { dialWs } from './dial.js'
import { listenWs, type TlsFiles } from './listen.js'
import { type CompleteWsOptions, completeWsOptions, type WsOptions } from './options.js'

export type { WsOptions } from './options.js'

export interface WssOptions extends WsOptions {
  /** Needed to listen: a certificate, with those between it and the root, and its private key, both in PEM. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Certificates that dials trust instead of the system's, in PEM. */
  readonly ca?: string
}

/**
 * Streams over WebSockets, scheme `ws`: `ws://127.0.0.1:5051`, `ws://[::1]:5051`, and when dialling `ws://name:5051`. What
 * a browser can dial; in a browser this module dials only. Nothing is encrypted or proved here.
 */
export function ws(options: WsOptions = {}): StreamTransport {
  return new WsTransport('ws', completeWsOptions(options))
}

/** The same over TLS, scheme `wss`. It listens where it is given a certificate. */
export function wss(options: WssOptions = {}): StreamTransport {
  return new WsTransport('wss', completeWsOptions(options), options)
}

class WsTransport implements StreamTransport {
  readonly scheme: 'ws' | 'wss'
  readonly #options: CompleteWsOptions
  readonly #tls: TlsFiles | undefined
  readonly #ca: string | undefined

  constructor(scheme: 'ws' | 'wss', options: CompleteWsOptions, { tls, ca }: WssOptions = {}) {
    this.scheme = scheme
    this.#options = options
    this.#tls = tls
    this.#ca = ca
  }

  async dial(address: string, options: DialOptions = {}): Promise<ByteStream> {
    return dialWs(this.scheme, address, options, this.#options, this.#ca)
  }

  async listen(address: string, options: ListenOptions): Promise<Listener> {
    if (this.scheme === 'wss' && this.#tls === undefined)
      throw new TransportError('misuse', `listen ${address}: wss:// needs a certificate and its key (option tls)`)
    return listenWs(this.scheme, address, options, this.#options, this.#tls)
  }
}
