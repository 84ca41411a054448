// The server of pim as it was published, as far as its behaviour is described in rendezvous protocol A6, A7 and A12.
import { randomBytes } from '@mimirjs/crypto'
import { parseRsaPublicKey } from '@mimirjs/crypto/rsa'
import { toHex } from '@mimirjs/wire'
import { decodeBinaryString, encodeBinaryString, LEGACY_CHALLENGE_HEAD } from '@mimirjs/wire/rendezvous'
import type { ServerEnd, ServerRole } from './network.js'

/** Members that nobody checks. */
interface Loose {
  readonly type?: string
  readonly public_pem?: string
  readonly decrypted?: string
  readonly msg?: { readonly to?: string }
  readonly signature?: string
}

export class OriginalServer implements ServerRole {
  /** By the PEM text exactly as it came; closed connections stay. */
  readonly table: Map<string | undefined, ServerEnd> = new Map()
  hasCrashed = false
  readonly #ends = new Set<ServerEnd>()

  open(client: ServerEnd): { received(text: string): void; closed(): void } {
    let pem: string | undefined
    let secret: string | undefined
    let isAuthenticated = false
    this.#ends.add(client)
    const handle = (text: string): void => {
      const frame = JSON.parse(text) as Loose
      switch (frame.type) {
        case 'auth':
          pem = frame.public_pem
          secret = LEGACY_CHALLENGE_HEAD + toHex(randomBytes(16))
          client.send(prove(pem as string, secret))
          break
        case 'auth-proof':
          if (frame.decrypted !== secret) {
            client.close(1000)
            break
          }
          isAuthenticated = true
          this.table.set(pem, client)
          client.send('{"type":"authenticated"}')
          break
        case 'relay-msg': {
          if (!isAuthenticated) break
          const { to } = frame.msg as { to?: string }
          this.table.get(to)?.send(JSON.stringify({ type: 'relayed-msg', signature: frame.signature, msg: frame.msg }))
        }
      }
    }
    return {
      received: (text) => {
        if (this.hasCrashed) return
        try {
          handle(text)
        } catch {
          this.#crash()
        }
      },
      closed: () => this.#ends.delete(client),
    }
  }

  /** Nothing catches what is thrown: the process ends. */
  #crash(): void {
    this.hasCrashed = true
    for (const end of this.#ends) end.close(1006)
  }
}

function prove(pem: string, secret: string): string {
  const encrypted = parseRsaPublicKey(pem).encrypt(new TextEncoder().encode(secret))
  return JSON.stringify({ type: 'prove-auth', encrypted: encodeBinaryString(encrypted) })
}

/** What a challenge frame holds. */
export function encryptedOf(frame: string): Uint8Array {
  return decodeBinaryString((JSON.parse(frame) as { encrypted: string }).encrypted, 'encrypted')
}
