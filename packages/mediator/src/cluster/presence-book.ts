import { toHex } from '@mimirjs/wire'
import type { Pair } from './notices.js'

/** Processes that are remembered; more are not believed. */
const MAX_PROCESSES = 64
/** A process that was not heard of for this long is gone. */
export const SILENCE_MS = 15_000

interface Process {
  readonly id: Uint8Array
  sequence: number
  heardMs: number
  /** Nothing is sure before everything was told once. */
  isWhole: boolean
  readonly pairs: Map<string, Pair>
}

/** Who is subscribed where in other processes, as they tell it: differences, and everything again when one was missed. */
export class PresenceBook {
  readonly #processes = new Map<string, Process>()

  /** Ids of the processes that are alive, as hex. */
  get processes(): readonly string[] {
    return [...this.#processes.keys()]
  }

  has(chatId: bigint, publicKey: Uint8Array): boolean {
    if (this.#processes.size === 0) return false
    const key = pairKey({ chatId, publicKey })
    for (const { pairs } of this.#processes.values()) if (pairs.has(key)) return true
    return false
  }

  /** @returns whether everything has to be asked for again */
  change(sender: Uint8Array, sequence: number, pair: Pair, isHere: boolean, nowMs: number): boolean {
    const process = this.#process(sender, nowMs)
    if (process === undefined) return false
    const isNext = process.isWhole && sequence === (process.sequence + 1) >>> 0
    if (!isNext) process.isWhole = false
    process.sequence = sequence
    if (isHere) process.pairs.set(pairKey(pair), pair)
    else process.pairs.delete(pairKey(pair))
    return !isNext
  }

  /** @returns as {@link change} */
  beat(sender: Uint8Array, sequence: number, nowMs: number): boolean {
    const process = this.#process(sender, nowMs)
    return process !== undefined && !(process.isWhole && process.sequence === sequence)
  }

  all(sender: Uint8Array, sequence: number, isFirst: boolean, pairs: readonly Pair[], nowMs: number): void {
    const process = this.#process(sender, nowMs)
    if (process === undefined) return
    if (isFirst) process.pairs.clear()
    for (const pair of pairs) process.pairs.set(pairKey(pair), pair)
    process.sequence = sequence
    process.isWhole = true
  }

  /** @returns what it had */
  forget(sender: Uint8Array): readonly Pair[] {
    const id = toHex(sender)
    const process = this.#processes.get(id)
    this.#processes.delete(id)
    return process === undefined ? [] : [...process.pairs.values()]
  }

  /** Forget who is silent. @returns what they had, without what others have too */
  expire(nowMs: number): readonly Pair[] {
    const lost: Pair[] = []
    for (const process of [...this.#processes.values()])
      if (nowMs - process.heardMs >= SILENCE_MS) lost.push(...this.forget(process.id))
    return lost.filter(({ chatId, publicKey }) => !this.has(chatId, publicKey))
  }

  #process(sender: Uint8Array, nowMs: number): Process | undefined {
    const id = toHex(sender)
    let process = this.#processes.get(id)
    if (process === undefined) {
      if (this.#processes.size >= MAX_PROCESSES) return undefined
      process = { id: sender.slice(), sequence: 0, heardMs: nowMs, isWhole: false, pairs: new Map() }
      this.#processes.set(id, process)
    }
    process.heardMs = nowMs
    return process
  }
}

function pairKey({ chatId, publicKey }: Pair): string {
  return `${chatId}:${toHex(publicKey)}`
}
