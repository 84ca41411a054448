import { createRandom } from '@mimirjs/transport/testing'
import type { Store } from '../../src/store.js'
import type { NewGroupMessage } from '../../src/store-groups.js'
import { bytes, GROUP, said, takeIn, toGroup } from './support.js'

const STEPS = 150
/** So far from its place in the order of the mediator something may arrive. */
const DISORDER = 12

interface Known {
  readonly seq: number
  readonly guid: bigint
}

/** What could not be read goes by the guid that the mediator has. */
export function sealedUp(messageId: bigint): NewGroupMessage {
  const guid = messageId + 1_000n
  return said(messageId, { guid, messageType: -1, payload: new Uint8Array(0), sealed: bytes('raw') })
}

/** Let things happen in the group. @returns what is shown by then, newest first, by `seq` */
export async function happenIn(store: Store, seed: number): Promise<number[]> {
  const random = createRandom(seed)
  const ids = Array.from({ length: 2 * STEPS }, (_, index) => BigInt(index + 1))
  const keys = new Map<number, bigint>()
  const [theirs, sealed, unsent, held]: [Known[], Known[], Known[], Known[]] = [[], [], [], []]
  let highest = 0n
  let serial = 10_000

  const pick = <T>(list: T[], from = list.length): T | undefined => list.splice(random.integer(from), 1)[0]
  function nextId(): bigint {
    const messageId = pick(ids, DISORDER)!
    if (messageId > highest) highest = messageId
    return messageId
  }
  async function arrive(message: NewGroupMessage): Promise<Known> {
    const [received] = await takeIn(store, message)
    keys.set(received!.message.seq, message.messageId * 2n)
    return received!.message
  }

  const cause = await arrive(said(nextId()))
  const events: Record<string, () => Promise<unknown>> = {
    said: async () => theirs.push(await arrive(said(nextId()))),

    sealed: async () => sealed.push(await arrive(sealedUp(nextId()))),

    async decrypted() {
      const row = pick(sealed)
      if (row) await store.decrypted(GROUP, row.guid, said(row.guid - 1_000n))
    },

    async edited() {
      const row = pick(theirs)
      if (!row) return
      theirs.push(row)
      const messageId = nextId()
      await takeIn(store, said(messageId, { guid: row.guid, outerGuid: messageId, editTimeMs: ++serial }))
      if (messageId * 2n < keys.get(row.seq)!) keys.set(row.seq, messageId * 2n)
    },

    async removed() {
      const row = pick(theirs)
      if (!row) return
      await store.remove(GROUP, row.guid, false)
      keys.delete(row.seq)
    },

    async enqueued() {
      const isHeld = random.integer(3) === 0
      const guid = BigInt(++serial)
      const row = await store.enqueue(toGroup(guid, isHeld ? { heldBy: cause.seq } : {}))
      if (isHeld) held.push(row)
      else unsent.push(row)
      keys.set(row.seq, highest * 2n + 1n)
    },

    async sent() {
      const row = pick(unsent)
      if (!row) return
      const messageId = nextId()
      await store.markSent(GROUP, row.guid, 5, { messageId, outerGuid: row.guid }, 0)
      keys.set(row.seq, messageId * 2n)
    },

    async failed() {
      const row = pick(unsent)
      if (row) await store.markFailed(row.seq)
    },
  }
  const often = ['said', 'said', 'said', 'enqueued', 'enqueued', 'enqueued', 'edited', ...Object.keys(events)]
  for (let step = 0; step < STEPS; step++) await events[often[random.integer(often.length)]!]!()
  for (const { seq } of held) keys.delete(seq)
  return [...keys].sort(([seq, key], [other, otherKey]) => Number(otherKey - key) || other - seq).map(([seq]) => seq)
}
