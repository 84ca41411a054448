import { describe } from '../describe.js'
import { MulticastError } from '../error.js'
import type { MachineLimits } from '../limits.js'

/** @throws {MulticastError} `misuse` for what is no bytes | `too-large` */
export function requirePayload({ payloadBytes }: MachineLimits, payload: Uint8Array): void {
  // Whoever writes JavaScript may give a text, which would be sent as nothing.
  if (!(payload instanceof Uint8Array))
    throw new MulticastError(
      'misuse',
      `payload: expected a Uint8Array, got ${describe(payload)}; a text becomes one by new TextEncoder().encode(text)`,
    )
  if (payload.length > payloadBytes)
    throw new MulticastError(
      'too-large',
      `payload: expected at most ${payloadBytes} bytes, got ${payload.length}: send less, or raise limits.payloadBytes`,
    )
}
