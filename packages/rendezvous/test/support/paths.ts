import type { PeerConnectionConfig, PeerConnectionLike, RendezvousPlatform } from '../../src/rtc/types.js'

/** A platform whose one connection can be made to say that its paths have failed, though they have not. */
export class Paths implements RendezvousPlatform {
  readonly canRestartIce = true
  readonly canReadCertificates: boolean
  readonly #platform: RendezvousPlatform
  #connection: PeerConnectionLike | undefined
  #hasFailed = false

  constructor(platform: RendezvousPlatform) {
    this.#platform = platform
    this.canReadCertificates = platform.canReadCertificates ?? true
  }

  webSocket: RendezvousPlatform['webSocket'] = (url, protocols) => this.#platform.webSocket(url, protocols)

  async createPeerConnection(config: PeerConnectionConfig): Promise<PeerConnectionLike> {
    const connection = await this.#platform.createPeerConnection(config)
    this.#connection = connection
    return new Proxy(connection, {
      get: (target, name) => {
        if (name === 'connectionState' && this.#hasFailed) return 'failed'
        if (name === 'setRemoteDescription') return this.#answered
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
      set: (target, name, value) => Reflect.set(target, name, value, target),
    })
  }

  /** What names the paths that were offered last. */
  get ufrag(): string | undefined {
    return /^a=ice-ufrag:(.*)$/m.exec(this.#connection?.localDescription?.sdp ?? '')?.[1]
  }

  fail(): void {
    this.#hasFailed = true
    this.#connection?.onconnectionstatechange?.()
  }

  /** New paths are there. */
  readonly #answered: PeerConnectionLike['setRemoteDescription'] = async (description) => {
    await this.#connection?.setRemoteDescription(description)
    this.#hasFailed = false
    this.#connection?.onconnectionstatechange?.()
  }
}
