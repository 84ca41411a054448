import { type MessageContent, REACTION_DOUBLE_MS } from '../../store.js'
import { MAX_COMPARED } from '../reaction-double.js'
import type { Row } from './row.js'

type Place = Pick<MessageContent, 'replyTo' | 'sendTimeMs'>

/** Reactions by sender, target and time, to find the few that are near to one. */
export class Reactions {
  readonly #byPlace = new Map<string, Row[]>()

  add(sender: string, row: Row): void {
    const key = placeKey(sender, row, 0)
    const rows = this.#byPlace.get(key)
    if (rows) rows.push(row)
    else this.#byPlace.set(key, [row])
  }

  /** @returns at most one more than {@link MAX_COMPARED} */
  near(sender: string, reaction: Place): Row[] {
    const near = []
    for (const offset of [-1, 0, 1]) {
      for (const row of this.#byPlace.get(placeKey(sender, reaction, offset)) ?? []) {
        if (row.removed || Math.abs(row.sendTimeMs - reaction.sendTimeMs) > REACTION_DOUBLE_MS) continue
        near.push(row)
        if (near.length > MAX_COMPARED) return near
      }
    }
    return near
  }
}

function placeKey(sender: string, { replyTo, sendTimeMs }: Place, offset: number): string {
  return `${sender} ${replyTo} ${Math.floor(sendTimeMs / REACTION_DOUBLE_MS) + offset}`
}
