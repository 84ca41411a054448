// What both ends of a stream over a WebSocket agree on. Binary messages are the bytes, however they are cut; an empty
// one ends a direction. Text messages are the flow control, which a page cannot have from its WebSocket.
import type { MessageStream } from '../message/stream.js'

/** Offered by whoever dials, selected by whoever listens: anything else on a port is none of ours. */
export const SUBPROTOCOL = 'mimir-stream.1'
/** Longest message that is sent or taken, in bytes. */
export const MAX_MESSAGE_BYTES = 65_536
/** Longest text that can be a window. */
const MAX_WINDOW_CHARS = 64

/** Status codes of RFC 6455 that are sent. */
export const CloseStatus = {
  normal: 1000,
  /** From the range that programs may use. A page cannot just cut a connection. */
  aborted: 4000,
} as const

/** `bytes` of a direction may be sent from its beginning on: a sum that only grows. */
export function encodeWindow(bytes: number): string {
  return `{"type":"window","n":${bytes}}`
}

/** @returns `undefined` for everything that is no window */
export function decodeWindow(text: string): number | undefined {
  if (text.length > MAX_WINDOW_CHARS) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
    const { type, n } = value as { type?: unknown; n?: unknown }
    return type === 'window' && Number.isSafeInteger(n) && (n as number) >= 0 ? (n as number) : undefined
  } catch {
    return undefined
  }
}

/** A text message came for this stream. */
export function windowReceived(stream: MessageStream, text: string): void {
  const totalBytes = decodeWindow(text)
  if (totalBytes === undefined) stream.violated('a text message that is no window')
  else stream.allowed(totalBytes)
}
