import { TransportError } from '@mimirjs/transport'
import { fromHex, toHex } from '@mimirjs/wire'

/** Scheme of the addresses of people, without the colon. */
export const SCHEME = 'rdv'
const ADDRESS = /^rdv:\/\/([0-9a-f]{64})$/

/** `rdv://` and the 64 hex digits of an Ed25519 key: who somebody is, for whatever takes address URLs. */
export function formatRendezvousAddress(publicKey: Uint8Array): string {
  return `${SCHEME}://${toHex(publicKey)}`
}

/** The key in an address. @throws {TransportError} `bad-address` for anything but `rdv://` and 64 lower-case hex digits */
export function parseRendezvousAddress(text: string): Uint8Array {
  const digits = ADDRESS.exec(text)?.[1]
  if (digits !== undefined) return fromHex(digits)
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text
  const expected = 'rdv:// and the 64 lower-case hex digits of a key'
  throw new TransportError('bad-address', `expected ${expected}, got ${JSON.stringify(shown)}`)
}
