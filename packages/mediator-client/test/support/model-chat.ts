import type { Random } from '@mimirjs/transport/testing'
import type { MediatorDialect } from '@mimirjs/wire/mediator'
import type { SyncQuestion } from '../../src/chat-sync.js'
import type { ReceivedMessage } from '../../src/types.js'
import { message } from './messages.js'

/** What the mediator has on the line to us. */
export type Sent =
  | { readonly type: 'push'; readonly message: ReceivedMessage }
  | { readonly type: 'page'; readonly question: SyncQuestion; readonly messages: ReceivedMessage[] }
  | { readonly type: 'last'; readonly question: SyncQuestion; readonly lastId: bigint }
  | { readonly type: 'subscribed'; readonly lastId: bigint }

/** One chat at a mediator, as small as it can be: rows, one subscriber, and every way of losing a push. */
export class ModelChat {
  readonly #dialect: MediatorDialect
  readonly #random: Random
  readonly #rows = new Map<bigint, { message: ReceivedMessage; hasBlob: boolean }>()
  #nextId = 1n
  #isSubscribed = false
  #line: Sent[] = []
  pushLoss = 0.1
  pushShuffle = 0.3

  constructor(dialect: MediatorDialect, random: Random) {
    this.#dialect = dialect
    this.#random = random
  }

  /** Ids of messages that a client could still get. */
  present(): bigint[] {
    return [...this.#rows].filter(([, { hasBlob }]) => hasBlob).map(([id]) => id)
  }

  /** @param isOurs - then it is not pushed to us */
  add(isOurs = false): bigint {
    const id = this.#nextId++
    const added = message(id)
    this.#rows.set(id, { message: added, hasBlob: true })
    if (this.#isSubscribed && !isOurs && !this.#random.chance(this.pushLoss)) {
      this.#line.push({ type: 'push', message: added })
    }
    return id
  }

  remove(): void {
    const ids = [...this.#rows.keys()]
    const [id] = ids.slice(this.#random.integer(Math.max(1, ids.length)))
    if (id !== undefined) this.#rows.delete(id)
  }

  /** In the older dialects the content of old messages goes, their rows stay. */
  expire(): void {
    if (this.#dialect === 'tlv-push') return
    const upTo = BigInt(this.#random.integer(Number(this.#nextId)))
    for (const [id, row] of this.#rows) if (id < upTo) row.hasBlob = false
  }

  /** Reads the last id first and registers the subscription then: what comes between is neither counted nor pushed. */
  subscribe(): void {
    const lastId = this.#lastId()
    for (let count = this.#random.integer(4); count > 0; count--) this.add()
    this.#isSubscribed = true
    this.#line.push({ type: 'subscribed', lastId })
  }

  /** Without a subscription a poll may ask as well. */
  ask(question: SyncQuestion): void {
    if (question.type === 'last') {
      this.#line.push({ type: 'last', question, lastId: this.#lastId() })
      return
    }
    const looked = [...this.#rows.keys()]
      .filter((id) => id > question.sinceId)
      .sort((a, b) => Number(a - b))
      .slice(0, question.limit)
    const found = looked.flatMap((id) => {
      const row = this.#rows.get(id)
      return row?.hasBlob ? [row.message] : []
    })
    const page = this.#random.chance(0.2) ? found.reverse() : found
    this.#line.push({ type: 'page', question, messages: page })
  }

  disconnect(): void {
    this.#isSubscribed = false
    this.#line = []
  }

  /** The next thing that arrives; pushes may overtake each other, answers keep their order. */
  deliver(): Sent | undefined {
    const pushes = this.#line.filter(({ type }) => type === 'push')
    const first = this.#line[0]
    const next =
      first?.type === 'push' && this.#random.chance(this.pushShuffle)
        ? pushes[this.#random.integer(pushes.length)]
        : first
    if (next !== undefined) this.#line.splice(this.#line.indexOf(next), 1)
    return next
  }

  #lastId(): bigint {
    return [...this.#rows.keys()].reduce((last, id) => (id > last ? id : last), 0n)
  }
}
