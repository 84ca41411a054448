import type { Row } from './row.js'

/** Finds the messages of groups by what others call them. */
export class Copies {
  readonly #byMessageId = new Map<string, Row>()
  readonly #byOuterGuid = new Map<string, Set<Row>>()
  readonly #byInnerGuid = new Map<string, Row>()

  add(row: Row): void {
    const { peer, beside } = row
    if (!beside) return
    for (const messageId of messageIdsOf(row)) this.#byMessageId.set(`${peer} ${messageId}`, row)
    for (const outerGuid of outerGuidsOf(row)) {
      const key = `${peer} ${outerGuid}`
      const rows = this.#byOuterGuid.get(key)
      if (rows) rows.add(row)
      else this.#byOuterGuid.set(key, new Set([row]))
    }
    if (beside.innerGuid !== undefined) this.#byInnerGuid.set(`${peer} ${beside.author} ${beside.innerGuid}`, row)
  }

  delete(row: Row): void {
    const { peer, beside } = row
    if (!beside) return
    for (const messageId of messageIdsOf(row)) this.#byMessageId.delete(`${peer} ${messageId}`)
    for (const outerGuid of outerGuidsOf(row)) {
      const key = `${peer} ${outerGuid}`
      const rows = this.#byOuterGuid.get(key)
      if (rows?.delete(row) && rows.size === 0) this.#byOuterGuid.delete(key)
    }
    this.#byInnerGuid.delete(`${peer} ${beside.author} ${beside.innerGuid}`)
  }

  has(group: string, messageId: bigint): boolean {
    return this.#byMessageId.has(`${group} ${messageId}`)
  }

  /** In order of acceptance, with those that were removed. */
  byOuterGuid(group: string, outerGuid: bigint): Row[] {
    return [...(this.#byOuterGuid.get(`${group} ${outerGuid}`) ?? [])].sort((a, b) => a.seq - b.seq)
  }

  byInnerGuid(group: string, author: string, innerGuid: bigint): Row | undefined {
    return this.#byInnerGuid.get(`${group} ${author} ${innerGuid}`)
  }
}

function messageIdsOf({ beside }: Row): bigint[] {
  return beside
    ? [beside, ...beside.copies].map(({ messageId }) => messageId).filter((messageId) => messageId > 0n)
    : []
}

function outerGuidsOf({ beside }: Row): bigint[] {
  if (!beside) return []
  const guids = [beside, ...beside.copies].map(({ outerGuid }) => outerGuid)
  return beside.sealedGuid === undefined ? guids : [...guids, beside.sealedGuid]
}
