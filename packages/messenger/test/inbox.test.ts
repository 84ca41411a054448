import { describe, expect, test } from 'vitest'
import { Inbox } from '../src/inbox.js'
import { createMemoryStore, type Store, type StoredMessage } from '../src/index.js'

const ANN = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'
const BEN = '8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394'

/** Time stands still; what is scheduled runs when the test says so. */
function createPausedClock() {
  const due: (() => void)[] = []
  return {
    nowMs: () => 0,
    schedule(callback: () => void) {
      due.push(callback)
      return () => {}
    },
    runDue() {
      for (const callback of due.splice(0)) callback()
    },
    due,
  }
}

async function receive(store: Store, peer: string, guid: bigint): Promise<void> {
  const payload = new Uint8Array([1])
  await store.receive({ peer, guid, replyTo: 0n, sendTimeMs: 0, editTimeMs: 0, messageType: 0, payload, receivedMs: 0 })
}

function createInbox(store: Store, run: (message: StoredMessage, park: () => () => void) => Promise<void>) {
  const errors: unknown[] = []
  const clock = createPausedClock()
  const inbox = new Inbox({
    store,
    clock,
    run: async (message, park) => {
      await run(message, park)
      return () => {}
    },
    onError: (error) => errors.push(error),
  })
  return { inbox, errors, clock }
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

describe('inbox', () => {
  test('runs nothing before it is open, then what was left, in order', async () => {
    const store = createMemoryStore()
    const seen: bigint[] = []
    const { inbox } = createInbox(store, async ({ guid }) => void seen.push(guid))
    for (const guid of [1n, 2n, 3n]) await receive(store, ANN, guid)
    inbox.notify(ANN)
    await turns()
    expect(seen).toEqual([])
    await inbox.open()
    await turns()
    expect(seen).toEqual([1n, 2n, 3n])
    expect((await store.counts()).unhandled).toBe(0)
  })

  test('one at a time per sender, several senders side by side', async () => {
    const store = createMemoryStore()
    const running: string[] = []
    const finish = new Map<string, () => void>()
    const { inbox } = createInbox(store, ({ peer, guid }) => {
      running.push(`${peer.slice(0, 2)}${guid}`)
      return new Promise((resolve) => finish.set(`${peer.slice(0, 2)}${guid}`, resolve))
    })
    await inbox.open()
    for (const [peer, guid] of [
      [ANN, 1n],
      [ANN, 2n],
      [BEN, 1n],
    ] as const) {
      await receive(store, peer, guid)
      inbox.notify(peer)
    }
    await turns()
    expect(running).toEqual(['8a1', '811'])
    finish.get('8a1')!()
    await turns()
    expect(running).toEqual(['8a1', '811', '8a2'])
  })

  test('more senders than run side by side all get their turn', async () => {
    const store = createMemoryStore()
    let running = 0
    let most = 0
    let done = 0
    const { inbox } = createInbox(store, async () => {
      most = Math.max(most, ++running)
      await turns()
      running -= 1
      done += 1
    })
    await inbox.open()
    for (let i = 0; i < 40; i++) {
      const peer = i.toString(16).padStart(64, '0')
      await receive(store, peer, 1n)
      inbox.notify(peer)
    }
    while (done < 40) await turns()
    expect(most).toBe(16)
  })

  test('who waits for a person takes no place; once the message is handled that is over, said or not', async () => {
    const store = createMemoryStore()
    const finish: (() => void)[] = []
    let running = 0
    let most = 0
    const { inbox } = createInbox(store, async ({ guid }, park) => {
      if (guid === 1n) {
        const goOn = park()
        // Twice at once is still one place, and whoever never says so goes on by ending.
        park()
        await new Promise<void>((resolve) => finish.push(resolve))
        if (finish.length % 2) goOn()
        return
      }
      most = Math.max(most, ++running)
      await turns()
      running -= 1
    })
    await inbox.open()
    const peers = Array.from({ length: 40 }, (_, index) => index.toString(16).padStart(64, '0'))
    for (const guid of [1n, 2n]) {
      for (const peer of peers) {
        await receive(store, peer, guid)
        inbox.notify(peer)
      }
      await turns()
    }
    expect(finish).toHaveLength(40)
    for (const done of finish) done()
    while ((await store.counts()).unhandled > 0) await turns()
    expect([running, most]).toEqual([0, 16])
  })

  test('does not move on, nor run again, until the cursor is stored', async () => {
    const store = createMemoryStore()
    const seen: bigint[] = []
    const handled = store.handled.bind(store)
    let refusals = 2
    store.handled = (seq) => (refusals-- > 0 ? Promise.reject(new Error('disk full')) : handled(seq))
    const { inbox, errors, clock } = createInbox(store, async ({ guid }) => void seen.push(guid))
    await receive(store, ANN, 1n)
    await receive(store, ANN, 2n)
    await inbox.open()
    await turns()
    expect(seen).toEqual([1n])
    clock.runDue()
    await turns()
    expect([seen, errors.length]).toEqual([[1n], 2])
    clock.runDue()
    await turns()
    expect(seen).toEqual([1n, 2n])
  })

  test('close waits for the running handler and starts no other', async () => {
    const store = createMemoryStore()
    let finish = (): void => {}
    const seen: bigint[] = []
    const { inbox } = createInbox(store, ({ guid }) => {
      seen.push(guid)
      return new Promise((resolve) => {
        finish = resolve
      })
    })
    await receive(store, ANN, 1n)
    await receive(store, ANN, 2n)
    await inbox.open()
    await turns()
    let closed = false
    const closing = inbox.close().then(() => {
      closed = true
    })
    await turns()
    expect(closed).toBe(false)
    finish()
    await closing
    expect(seen).toEqual([1n])
    expect((await store.nextUnhandled(ANN))!.guid).toBe(2n)
  })
})
