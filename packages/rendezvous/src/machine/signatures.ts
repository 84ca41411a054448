import type { Signer } from '@mimirjs/crypto'
import type { MachineHost } from './types.js'

type Done = (signature: Uint8Array | undefined, nowMs: number) => void

/**
 * One signature after the other, whatever time each takes: what is signed leaves in the order in which it was decided,
 * so that candidates never overtake their description.
 */
export class Signatures {
  readonly #host: MachineHost
  readonly #waiting: { readonly message: Uint8Array; readonly done: Done }[] = []
  #isBusy = false
  #isPumping = false

  constructor(host: MachineHost) {
    this.#host = host
  }

  request(message: Uint8Array, done: Done): void {
    this.#waiting.push({ message, done })
    this.#pump()
  }

  #pump(): void {
    // A signer that answers at once builds no stack, and what is decided in `done` goes behind what waits.
    if (this.#isPumping) return
    this.#isPumping = true
    try {
      while (!this.#isBusy) {
        const request = this.#waiting.shift()
        if (request === undefined) return
        this.#isBusy = true
        this.#sign(request)
      }
    } finally {
      this.#isPumping = false
    }
  }

  #sign({ message, done }: { readonly message: Uint8Array; readonly done: Done }): void {
    let isDone = false
    this.#host.sign(message, (signature, nowMs) => {
      if (isDone) return
      isDone = true
      this.#isBusy = false
      done(signature, nowMs)
      this.#pump()
    })
  }
}

/**
 * `MachineHost.sign` of a signer, which may take its time.
 * @param nowMs - the clock of the machine
 * @param onError - told why the signer did not sign
 */
export function signWith(signer: Signer, nowMs: () => number, onError?: (error: unknown) => void): MachineHost['sign'] {
  return (message, done) => {
    const failed = (error: unknown): void => {
      onError?.(error)
      done(undefined, nowMs())
    }
    let signature: Uint8Array | Promise<Uint8Array>
    try {
      signature = signer.sign(message)
    } catch (error) {
      failed(error)
      return
    }
    if (signature instanceof Uint8Array) done(signature, nowMs())
    // The callbacks are the machine's own: what they throw is a fault of ours, and not one of the signer.
    else signature.then((bytes) => done(bytes, nowMs()), failed)
  }
}
