import { toHex } from '@mimirjs/wire'
import type { Connection } from './connection.js'

/** A key with its connections here; several devices may be connected at once. */
export interface Account {
  readonly publicKey: Uint8Array
  /** 64 hex digits. */
  readonly text: string
  readonly connections: Set<Connection>
}

/** Who has logged in. */
export class Accounts {
  readonly #byKey = new Map<string, Account>()
  #connections = 0

  /** Connections that have logged in. */
  get connections(): number {
    return this.#connections
  }

  find(publicKey: Uint8Array): Account | undefined {
    return this.#byKey.get(toHex(publicKey))
  }

  join(publicKey: Uint8Array, connection: Connection): Account {
    const text = toHex(publicKey)
    let account = this.#byKey.get(text)
    if (account === undefined) {
      account = { publicKey, text, connections: new Set() }
      this.#byKey.set(text, account)
    }
    account.connections.add(connection)
    this.#connections++
    return account
  }

  leave(account: Account, connection: Connection): void {
    if (!account.connections.delete(connection)) return
    this.#connections--
    if (account.connections.size === 0) this.#byKey.delete(account.text)
  }
}
