import type { StoredMessage } from '../../../src/index.js'

/** What a handler does with the message of this serial, always the same: it runs again after a crash. */
export type Behaviour = 'nothing' | 'reply' | 'two replies' | 'slow' | 'slow reply' | 'throw'

const BEHAVIOURS: readonly Behaviour[] = [
  ...(['nothing', 'nothing', 'nothing', 'nothing', 'nothing', 'nothing'] as const),
  ...(['reply', 'reply', 'two replies', 'slow', 'slow reply', 'throw'] as const),
]

const HEAD = /^#(\d+) v\d+/

/** `#serial vVersion`, made as long as wanted. */
export function makeText(serial: number, version: number, sizeBytes = 0): string {
  return `#${serial} v${version} `.padEnd(sizeBytes, 'x')
}

/** The same whatever version of the message the handler sees. */
export function replyText(to: string, isSecond = false): string {
  return `${isSecond ? 'and:' : 're:'}${serialOf(to)}`
}

/** @returns `undefined` for what a handler wrote: nobody answers answers */
export function serialOf(text: string): number | undefined {
  const serial = HEAD.exec(text)?.[1]
  return serial === undefined ? undefined : Number(serial)
}

/** What no two messages of a sender have in common, whatever was edited. */
export function markOf(row: StoredMessage): string {
  const text = Buffer.from(row.payload).toString()
  const serial = serialOf(text)
  return serial === undefined ? text : `#${serial}`
}

export function behaviourOf(text: string): Behaviour {
  const serial = serialOf(text)
  if (serial === undefined) return 'nothing'
  return BEHAVIOURS[(Math.imul(serial, 2_654_435_761) >>> 8) % BEHAVIOURS.length] ?? 'nothing'
}
