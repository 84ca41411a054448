import {
  ADDRESS_DECLARATION_SIGNED_BYTES,
  signedAddressDeclarationBytes,
  unsignedAddressDeclaration,
} from '@mimirjs/wire/multicast'
import type { MachineHost, Place } from './types.js'

/** "We listen there", signed once, when it is first needed. */
export class OwnDeclaration {
  readonly #host: MachineHost
  readonly #unsigned: Uint8Array
  readonly #waiting: ((isSigned: boolean) => void)[] = []
  #isAsked = false
  #signed: Uint8Array | undefined

  constructor(host: MachineHost, publicKey: Uint8Array, { group, port }: Place) {
    this.#host = host
    this.#unsigned = unsignedAddressDeclaration({ port, address: group, src: publicKey })
  }

  /** The datagram, once it is signed. */
  get bytes(): Uint8Array | undefined {
    return this.#signed
  }

  /** Have it signed. `done` is told at once when it is. */
  sign(done: (isSigned: boolean) => void): void {
    if (this.#signed !== undefined) {
      done(true)
      return
    }
    this.#waiting.push(done)
    if (this.#isAsked) return
    this.#isAsked = true
    this.#host.sign(signedAddressDeclarationBytes(this.#unsigned), (signature) => {
      // A signer that failed is asked again for the next session.
      this.#isAsked = false
      if (signature !== undefined && this.#signed === undefined) {
        this.#signed = new Uint8Array(this.#unsigned)
        this.#signed.set(signature, ADDRESS_DECLARATION_SIGNED_BYTES)
      }
      for (const waiting of this.#waiting.splice(0)) waiting(this.#signed !== undefined)
    })
  }
}
