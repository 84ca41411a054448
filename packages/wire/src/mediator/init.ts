import { WireError } from '../error.js'
import type { MediatorDialect } from './codes.js'

/** The two kinds of layouts, which is all that an opening tells. */
export type MediatorLayout = 'binary' | 'tlv'

const VERSION = 1
const PROTOCOL = 0

/** What a client writes first: `00` in `binary`, `01 00` (version, protocol) in the TLV dialects. Source: mediator protocol §1. */
export function encodeMediatorInit(dialect: MediatorDialect): Uint8Array {
  return dialect === 'binary' ? Uint8Array.of(PROTOCOL) : Uint8Array.of(VERSION, PROTOCOL)
}

/**
 * Which layout the first bytes of a connection announce, `undefined` when more are needed. An opening takes
 * {@link mediatorInitBytes} bytes; requests follow. Which of the two TLV dialects it is cannot be seen.
 * @throws {WireError} `unexpected-type` for any other: servers drop such a connection without a word.
 */
export function peekMediatorInit(bytes: Uint8Array): MediatorLayout | undefined {
  const [first, second] = bytes
  if (first === undefined) return undefined
  if (first === PROTOCOL) return 'binary'
  if (first === VERSION && (second === undefined || second === PROTOCOL)) {
    return second === undefined ? undefined : 'tlv'
  }
  throw new WireError('unexpected-type', `opening: expected 00 or 01 00, got bytes ${first} and ${second ?? 'none'}`)
}

/** Bytes of the opening of a layout. */
export function mediatorInitBytes(layout: MediatorLayout): 1 | 2 {
  return layout === 'binary' ? 1 : 2
}
