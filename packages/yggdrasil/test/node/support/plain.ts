import { createSigner, generateX25519KeyPair, verify } from '@mimirjs/crypto'
import { DEFAULT_LIMITS } from '../../../src/limits.js'
import { Router } from '../../../src/router/router.js'
import type { RouterLink } from '../../../src/router/types.js'
import { sessionIdentity } from '../../../src/session/identity.js'
import { Sessions } from '../../../src/session/sessions.js'
import type { Core, MeshNode } from './mesh.js'

/** A node that says whatever it likes inside of its sessions, as another implementation may. */
export class PlainCore implements Core {
  readonly payloads: Uint8Array[] = []
  readonly #router: Router
  readonly #sessions: Sessions

  constructor({ seed, nowMs }: MeshNode<PlainCore>) {
    const signer = createSigner(seed)
    const wallSeconds = () => Math.floor(nowMs / 1000)
    this.#router = new Router(
      {
        publicKey: signer.publicKey,
        sign: (message) => signer.sign(message),
        verify,
        random64: () => 4n,
        unixSeconds: wallSeconds,
        transit: true,
        effects: {
          deliver: (source, payload, atMs) => this.#sessions.receive(source, payload, atMs),
          pathFound() {},
          proven() {},
        },
      },
      nowMs,
    )
    this.#sessions = new Sessions({
      publicKey: signer.publicKey,
      identity: sessionIdentity(seed, signer),
      generateKeyPair: generateX25519KeyPair,
      wallSeconds,
      limits: DEFAULT_LIMITS,
      output: {
        send: (dest, payload, atMs) => this.#router.send(dest, payload, atMs),
        deliver: (_, payload) => void this.payloads.push(payload.slice()),
        answered() {},
      },
    })
  }

  get nextDeadlineMs(): number {
    return Math.min(this.#router.nextDeadlineMs, this.#sessions.nextDeadlineMs)
  }

  send(dest: Uint8Array, payload: Uint8Array, nowMs: number): void {
    this.#sessions.send(dest, payload, nowMs)
  }

  addLink(link: RouterLink, nowMs: number): void {
    this.#router.addLink(link, nowMs)
  }

  removeLink(link: RouterLink, nowMs: number): void {
    this.#router.removeLink(link, nowMs)
  }

  receive(link: RouterLink, type: number, body: Uint8Array, nowMs: number): void {
    this.#router.receive(link, type, body, nowMs)
  }

  advance(nowMs: number): void {
    this.#router.advance(nowMs)
    this.#sessions.advance(nowMs)
  }
}
