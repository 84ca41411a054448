import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type HistoryEntry, Messenger } from '@mimirjs/messenger'

export interface Verdict {
  readonly accepted: number
  readonly delivered: number
  readonly lost: number
  readonly duplicated: number
  readonly reordered: number
}

const TEXTS = 20
const PATIENCE_MS = 60_000

/**
 * Without a person and a browser: two people meet at the server, one knocks, the other lets them in, both write and one
 * sends a picture, over WebRTC. The verdict is counted in their databases.
 */
export async function rehearse(rendezvousUrl: string): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'mimir-web-rehearsal-'))
  const people: Messenger[] = []
  const open = async (name: string): Promise<Messenger> => {
    const person = await Messenger.open(join(folder, name), { name, rendezvous: { servers: [rendezvousUrl] } })
    people.push(person)
    person.on('message', () => {})
    return person
  }
  try {
    const [anna, bela] = [await open('anna'), await open('bela')]
    bela.on('knock', ({ peer }) => void bela.acceptKnock(peer))
    await anna.addContact(bela.publicKey)
    const signal = AbortSignal.timeout(PATIENCE_MS)
    const say = async (from: Messenger, to: Messenger, content: Parameters<Messenger['send']>[1]): Promise<void> => {
      await from.whenDelivered(await from.send(to.publicKey, content), { signal })
    }
    await say(anna, bela, 'hello')
    for (let at = 1; at <= TEXTS; at++) {
      await say(anna, bela, `from anna, ${at}`)
      await say(bela, anna, `from bela, ${at}`)
    }
    await say(anna, bela, {
      image: { bytes: new Uint8Array(200_000).fill(7), name: 'picture.png', mimeType: 'image/png' },
    })
    return add(await compare(anna, bela), await compare(bela, anna))
  } finally {
    await Promise.allSettled(people.map((person) => person.close({ timeoutMs: 1_000 })))
    rmSync(folder, { recursive: true, force: true })
  }
}

async function compare(from: Messenger, to: Messenger): Promise<Verdict> {
  const ids = async (whose: Messenger, other: Messenger, outgoing: boolean): Promise<string[]> =>
    (await whose.history(other.publicKey, { limit: 10_000 }))
      .filter((entry: HistoryEntry) => entry.outgoing === outgoing)
      .map(({ id }) => id)
      .reverse()
  const [sent, received] = [await ids(from, to, true), await ids(to, from, false)]
  const delivered = sent.filter((id) => received.includes(id)).length
  const places = received.map((id) => sent.indexOf(id))
  return {
    accepted: sent.length,
    delivered,
    lost: sent.length - delivered,
    duplicated: received.length - new Set(received).size,
    reordered: places.filter((place, at) => at > 0 && place < (places[at - 1] ?? 0)).length,
  }
}

function add(one: Verdict, other: Verdict): Verdict {
  return {
    accepted: one.accepted + other.accepted,
    delivered: one.delivered + other.delivered,
    lost: one.lost + other.lost,
    duplicated: one.duplicated + other.duplicated,
    reordered: one.reordered + other.reordered,
  }
}
