import { encodeBinaryString } from '@mimirjs/wire/rendezvous'
import type { ServerEnd, ServerRole } from './network.js'

/** A server that does what a test wants. */
export class BadServer implements ServerRole {
  readonly clients: ServerEnd[] = []
  /** What each client said, and when it went. */
  readonly got: string[][] = []
  readonly goneAtMs: (number | undefined)[] = []
  readonly #nowMs: () => number

  constructor(nowMs: () => number = () => 0) {
    this.#nowMs = nowMs
  }

  open(client: ServerEnd): { received(text: string): void; closed(): void } {
    const index = this.clients.push(client) - 1
    this.got.push([])
    return {
      received: (text) => this.got[index]?.push(text),
      closed: () => {
        this.goneAtMs[index] = this.#nowMs()
      },
    }
  }

  /** To the client that came last. */
  send(text: string): void {
    this.clients.at(-1)?.send(text)
  }

  challenge(encrypted: Uint8Array): void {
    this.send(JSON.stringify({ type: 'prove-auth', encrypted: encodeBinaryString(encrypted) }))
  }
}

/** Stands before an honest server, and changes what that one sends. */
export class Meddler implements ServerRole {
  readonly #honest: ServerRole
  readonly #change: (text: string) => readonly string[]

  constructor(honest: ServerRole, change: (text: string) => readonly string[]) {
    this.#honest = honest
    this.#change = change
  }

  open(client: ServerEnd): { received(text: string): void; closed(): void } {
    return this.#honest.open({
      send: (text) => {
        for (const changed of this.#change(text)) client.send(changed)
      },
      close: (code) => client.close(code),
    })
  }
}
