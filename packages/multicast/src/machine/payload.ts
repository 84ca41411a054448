import { MulticastError } from '../error.js'
import type { MachineLimits } from '../limits.js'

/** @throws {MulticastError} `too-large` */
export function requirePayload({ payloadBytes }: MachineLimits, payload: Uint8Array): void {
  if (payload.length > payloadBytes)
    throw new MulticastError(
      'too-large',
      `payload: expected at most ${payloadBytes} bytes, got ${payload.length}: send less, or raise limits.payloadBytes`,
    )
}
