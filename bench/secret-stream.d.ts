declare module '@hyperswarm/secret-stream' {
  import type { Socket } from 'node:net'

  interface KeyPair {
    readonly publicKey: Buffer
    readonly secretKey: Buffer
  }

  /** The part of hyperswarm's encrypted stream that is measured here. */
  export default class SecretStream {
    constructor(isInitiator: boolean, rawStream: Socket, options: { keyPair: KeyPair })
    static keyPair(seed?: Buffer): KeyPair
    readonly rawStream: Socket
    readonly opened: Promise<boolean>
    write(message: Uint8Array): boolean
    on(event: 'data', listener: (message: Buffer) => void): this
    on(event: 'error', listener: (error: Error) => void): this
    on(event: 'close', listener: () => void): this
    destroy(): void
  }
}
