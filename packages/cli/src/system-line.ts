import type { HistoryEntry } from '@mimirjs/messenger'
import { toHex } from '@mimirjs/wire'

/**
 * What happened in a group, as the messenger puts it, with names in place of the starts of keys. Each key is named once: what
 * else looks like one is text of somebody.
 * @param who - what a key is called
 */
export function systemLine(
  { text, system }: Pick<HistoryEntry, 'text' | 'system'>,
  who: (publicKey: string) => string,
): string {
  const left = Object.values(system ?? {})
    .filter((value): value is Uint8Array => value instanceof Uint8Array && value.length === 32)
    .map(toHex)
  return text.replaceAll(/[0-9a-f]{8}/g, (start) => {
    const at = left.findIndex((publicKey) => publicKey.startsWith(start))
    const [publicKey] = at < 0 ? [] : left.splice(at, 1)
    return publicKey === undefined ? start : who(publicKey)
  })
}
