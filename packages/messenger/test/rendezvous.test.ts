// Messengers that meet through rendezvous servers and talk over WebRTC: all of it real, on loopback.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  createMemoryStore,
  type Knock,
  type Messenger,
  MessengerError,
  type RendezvousServerStatus,
} from '../src/index.js'
import { type Guest, MeetingPlace, present, WAIT, waysOf } from './support/meeting-place.js'
import { collect, createWorld, keepOpen } from './support/world.js'

/** Nobody is looked for without need. */
const QUIET = { meetContacts: false }

/** Two who know each other, and are there. */
async function friends(place: MeetingPlace, rendezvous: Parameters<MeetingPlace['person']>[1] = QUIET) {
  const guests: [Guest, Guest] = [await place.person({}, rendezvous), await place.person({}, rendezvous)]
  const [ann, ben] = [guests[0].messenger, guests[1].messenger]
  await ann.addContact(ben.publicKey)
  await ben.addContact(ann.publicKey)
  await present(ann, ben)
  return { ann, ben, guests }
}

async function textsOf(messenger: Messenger, peer: string): Promise<string[]> {
  return (await messenger.history(peer, { limit: 500 })).map(({ text }) => text).reverse()
}

function nextKnock(messenger: Messenger): Promise<Knock> {
  return new Promise((resolve) => messenger.on('knock', resolve))
}

describe('contacts', () => {
  test('meet and talk, with messages of any size from either side', async () => {
    const { ann, ben } = await friends(await MeetingPlace.open())
    const ways = waysOf(ann)
    const heard = collect(ben, 2)
    const long = 'a long story. '.repeat(12_000)
    await ann.send(ben.publicKey, 'first')
    await ann.whenDelivered(await ann.send(ben.publicKey, long))
    expect((await heard).map(({ text }) => text)).toEqual(['first', long])
    const back = collect(ann, 1)
    await ben.whenDelivered(await ben.send(ann.publicKey, long.toUpperCase()))
    expect((await back)[0]?.text).toBe(long.toUpperCase())
    expect(ways).toEqual([`rdv://${ben.publicKey}`])
    const { rendezvous } = await ann.health()
    expect(rendezvous).toMatchObject({ address: `rdv://${ann.publicKey}`, links: 1 })
    expect(rendezvous?.fingerprint).toMatch(/^([a-z2-7]{4}-){5}[a-z2-7]{4}$/)
  })

  test('send files from either side', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mimirjs-rendezvous-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const { ann, ben } = await friends(await MeetingPlace.open())
    const bytes = new Uint8Array(3_000_000).map((_, at) => (at * 7919) >> 8)
    const path = join(folder, 'sent.bin')
    writeFileSync(path, bytes)
    for (const [from, to, name] of [
      [ann, ben, 'one.bin'],
      [ben, ann, 'two.bin'],
    ] as const) {
      const came = collect(to, 1)
      await from.send(to.publicKey, { file: { path } })
      const [message] = await came
      const got = await message?.download({ to: join(folder, name) })
      expect(Buffer.compare(readFileSync(got?.path ?? ''), bytes)).toBe(0)
    }
  })

  test('meet without having anything to say, when both are there', async () => {
    const place = await MeetingPlace.open()
    const { ann, ben } = await friends(place, {})
    await vi.waitFor(async () => {
      for (const one of [ann, ben]) expect((await one.health()).rendezvous?.links).toBe(1)
    }, WAIT)
  })

  test('are written down by their contact string, and no server in it is asked', async () => {
    const place = await MeetingPlace.open(2)
    const [{ messenger: ann }, { messenger: ben }] = [
      await place.person({}, { servers: place.urls.slice(0, 1) }),
      await place.person({}, { servers: place.urls }),
    ]
    const contact = (await ben.health()).rendezvous?.contact ?? ''
    expect(contact).toContain(encodeURIComponent(place.urls[1] ?? ''))
    await ben.addContact(ann.publicKey)
    await present(ann, ben)
    expect(await ann.addContact(contact)).toMatchObject({ peer: ben.publicKey, kind: 'contact' })
    await ann.whenDelivered(await ann.send(contact, 'hello'))
    expect((await ann.health()).rendezvous?.servers.map(({ url }) => url)).toEqual(place.urls.slice(0, 1))
  })

  test('who come later are met as soon as they do', async () => {
    const place = await MeetingPlace.open()
    const signer = createSigner(generateSeed())
    const { messenger: ann } = await place.person({ retry: { minMs: 600_000, maxMs: 600_000 } }, QUIET)
    await ann.addContact(signer.publicKey)
    await present(ann)
    const sent = await ann.send(signer.publicKey, 'are you there?')
    const { messenger: ben } = await place.person({ signer, store: await knowing(ann) })
    const [message] = await collect(ben, 1)
    expect(message?.text).toBe('are you there?')
    await ann.whenDelivered(sent)
  })
})

/** A store in which somebody is a contact already. */
async function knowing(somebody: Messenger) {
  const store = createMemoryStore()
  await store.putContact(somebody.publicKey, { kind: 'contact' })
  return store
}

describe('a stranger', () => {
  test('knocks, and what they said comes when they are let in; they are a contact then', async () => {
    const place = await MeetingPlace.open()
    const [{ messenger: ann }, { messenger: ben }] = [await place.person({ name: 'Ann' }), await place.person()]
    await present(ann, ben)
    const knocked = nextKnock(ben)
    const over: string[] = []
    ben.on('knockOver', ({ peer }) => over.push(peer))
    const sent = await ann.send(ben.publicKey, 'may I come in?')
    const knock = await knocked
    expect(knock).toEqual({
      peer: ann.publicKey,
      fingerprint: (await ann.health()).rendezvous?.fingerprint,
      name: 'Ann',
      expiresMs: expect.any(Number) as number,
    })
    expect(ben.knocks()).toEqual([knock])
    const heard = collect(ben, 1)
    expect(await ben.acceptKnock(knock.peer)).toMatchObject({ peer: ann.publicKey, kind: 'contact' })
    expect((await heard)[0]?.text).toBe('may I come in?')
    await ann.whenDelivered(sent)
    expect([ben.knocks(), over]).toEqual([[], [ann.publicKey]])
    await expect(ben.acceptKnock(knock.peer)).rejects.toMatchObject({ code: 'unknown-request' })
  })

  test('who is written down while they knock is let in by that', async () => {
    const place = await MeetingPlace.open()
    const [{ messenger: ann }, { messenger: ben }] = [await place.person(), await place.person()]
    await present(ann, ben)
    const knocked = nextKnock(ben)
    const sent = await ann.send(ben.publicKey, 'hello')
    await ben.addContact((await knocked).peer)
    await ann.whenDelivered(sent)
  })

  test('who is declined aloud hears it, and waits; who is declined silently hears nothing', async () => {
    const place = await MeetingPlace.open()
    const [{ messenger: ann }, { messenger: ben }] = [await place.person(), await place.person()]
    await present(ann, ben)
    const reasons: string[] = []
    ann.on('state', (state) => state.state === 'waiting' && reasons.push(state.reason))
    const knocked = nextKnock(ben)
    await ann.send(ben.publicKey, 'hello')
    await knocked
    await ben.declineKnock(ann.publicKey, { tell: true })
    await vi.waitFor(() => expect(reasons.join()).toContain('they declined to be connected with us'), WAIT)
    expect(ben.knocks()).toEqual([])
    await expect(ben.declineKnock(ann.publicKey)).rejects.toMatchObject({ code: 'unknown-request' })

    const { messenger: cat } = await place.person()
    await present(cat)
    const again = nextKnock(ben)
    const abort = new AbortController()
    const connecting = cat.connect(ben.publicKey, { signal: abort.signal })
    await again
    await ben.declineKnock(cat.publicKey, { block: true })
    expect((await ben.contacts()).find(({ peer }) => peer === cat.publicKey)?.kind).toBe('blocked')
    abort.abort()
    await expect(connecting).rejects.toMatchObject({ code: 'aborted' })
  })

  test('who gives up is missed', async () => {
    const place = await MeetingPlace.open()
    const [{ messenger: ann }, { messenger: ben }] = [await place.person(), await place.person()]
    await present(ann, ben)
    const knocked = nextKnock(ben)
    const missed = new Promise<{ peer: string }>((resolve) => ben.on('missedKnock', resolve))
    const abort = new AbortController()
    const connecting = ann.connect(ben.publicKey, { signal: abort.signal })
    await knocked
    abort.abort()
    await expect(connecting).rejects.toMatchObject({ code: 'aborted' })
    expect(await missed).toEqual({ peer: ann.publicKey })
    expect(ben.knocks()).toEqual([])
  })

  test('is let in at once where all are, and not asked for where none is', async () => {
    const place = await MeetingPlace.open()
    const { messenger: ann } = await place.person()
    const { messenger: bot } = await place.person({}, { strangers: 'accept' })
    const { messenger: hermit } = await place.person({}, { strangers: 'refuse' })
    await present(ann, bot, hermit)
    const knocks: Knock[] = []
    for (const one of [bot, hermit]) one.on('knock', (knock) => knocks.push(knock))
    bot.on('message', (message) => message.reply(`you said: ${message.text}`))
    const abort = new AbortController()
    const connecting = ann.connect(hermit.publicKey, { signal: abort.signal })
    const answered = collect(ann, 1)
    await ann.send(bot.publicKey, 'hello')
    expect((await answered)[0]?.text).toBe('you said: hello')
    expect([knocks, hermit.knocks()]).toEqual([[], []])
    abort.abort()
    await expect(connecting).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('other ways', () => {
  test('are not held up by a knock that nobody answers', async () => {
    const place = await MeetingPlace.open()
    const [{ messenger: ann }, { messenger: ben }] = [await place.person({}, QUIET), await place.person({}, QUIET)]
    await present(ann, ben)
    const address = 'memory://ben'
    const ways = waysOf(ann)
    const knocked = nextKnock(ben)
    const sent = await ann.send(ben.publicKey, 'either way')
    await knocked
    // The attempt that waits for consent takes up what it hears of.
    ann.addAddress(ben.publicKey, await ben.listen(address))
    await ann.whenDelivered(sent)
    expect(ways).toEqual([address])
    // Nobody has to be let in any more.
    await vi.waitFor(() => expect(ben.knocks()).toEqual([]), WAIT)
  })

  test('end the wait when the other side uses one', async () => {
    const place = await MeetingPlace.open()
    const [{ messenger: ann }, { messenger: ben }] = [await place.person({}, QUIET), await place.person({}, QUIET)]
    await present(ann, ben)
    const knocked = nextKnock(ben)
    const sent = await ann.send(ben.publicKey, 'come to me')
    await knocked
    ben.addAddress(ann.publicKey, await ann.listen('memory://ann'))
    const there = collect(ben, 1)
    // To connect is to let in whoever knocks; which of the two ways is first does not matter.
    await ben.connect(ann.publicKey)
    expect((await there)[0]?.text).toBe('come to me')
    await ann.whenDelivered(sent)
    await vi.waitFor(() => expect(ben.knocks()).toEqual([]), WAIT)
  })
})

describe('nothing is lost or doubled', () => {
  test('when one of them restarts in the middle', async () => {
    const place = await MeetingPlace.open()
    const { messenger: ann } = await place.person()
    const store = keepOpen(createMemoryStore())
    const { messenger: first, parts } = await place.person({ store })
    await ann.addContact(first.publicKey)
    await first.addContact(ann.publicKey)
    await present(ann, first)
    const texts = Array.from({ length: 30 }, (_, at) => `note ${at}`)
    const some = collect(first, 3)
    for (const text of texts.slice(0, 15)) await ann.send(first.publicKey, text)
    await some
    await first.close({ timeoutMs: 0 })
    for (const text of texts.slice(15)) await ann.send(first.publicKey, text)
    const { messenger: second } = await place.person({ ...parts, store })
    await vi.waitFor(async () => expect((await ann.health()).undelivered).toBe(0), WAIT)
    expect(await textsOf(second, ann.publicKey)).toEqual(texts)
  })

  test('when the server goes while they talk, and when it is back: they talk on, and meet again', async () => {
    const place = await MeetingPlace.open()
    const { ann, ben } = await friends(place)
    const states: RendezvousServerStatus['state'][] = []
    ann.on('rendezvous', ({ state }) => states.push(state))
    await ann.whenDelivered(await ann.send(ben.publicKey, 'before'))
    const [url = ''] = place.urls
    await place.servers[0]?.close({ graceMs: 0 })
    await vi.waitFor(() => expect(states).toContain('waiting'), WAIT)
    await ann.whenDelivered(await ann.send(ben.publicKey, 'without a server'))
    await place.serve(url)
    await vi.waitFor(() => {
      for (const one of [ann, ben]) one.retryNow()
      expect(states.at(-1)).toBe('ready')
    }, WAIT)
    expect(await textsOf(ben, ann.publicKey)).toEqual(['before', 'without a server'])
  })

  test('when a server dies between the knock and the answer, and another is there', async () => {
    const place = await MeetingPlace.open(2)
    const [{ messenger: ann }, { messenger: ben }] = [await place.person(), await place.person()]
    await vi.waitFor(async () => {
      for (const one of [ann, ben])
        expect((await one.health()).rendezvous?.servers.map(({ state }) => state)).toEqual(['ready', 'ready'])
    }, WAIT)
    const knocked = nextKnock(ben)
    const sent = await ann.send(ben.publicKey, 'hello')
    await knocked
    await place.servers[0]?.close({ graceMs: 0 })
    await ben.acceptKnock(ann.publicKey)
    await ann.whenDelivered(sent)
  })

  test('when all servers die between the knock and the answer, and one comes back', async () => {
    const place = await MeetingPlace.open()
    const [{ messenger: ann }, { messenger: ben }] = [await place.person(), await place.person()]
    await present(ann, ben)
    const knocked = nextKnock(ben)
    const sent = await ann.send(ben.publicKey, 'hello')
    await knocked
    const [url = ''] = place.urls
    await place.servers[0]?.close({ graceMs: 0 })
    await ben.acceptKnock(ann.publicKey)
    await place.serve(url)
    await vi.waitFor(async () => {
      for (const one of [ann, ben]) one.retryNow()
      expect((await ann.health()).undelivered).toBe(0)
    }, WAIT)
    await ann.whenDelivered(sent)
    expect(await textsOf(ben, ann.publicKey)).toEqual(['hello'])
  })
})

describe('the servers', () => {
  test('come and go while we are open', async () => {
    const place = await MeetingPlace.open(2)
    const [first = '', second = ''] = place.urls
    const { messenger: ann } = await place.person({}, { servers: [first] })
    await present(ann)
    ann.addRendezvousServer(second)
    await vi.waitFor(async () => {
      const servers = (await ann.health()).rendezvous?.servers ?? []
      expect(servers.map(({ url, state }) => `${url} ${state}`)).toEqual([`${first} ready`, `${second} ready`])
    }, WAIT)
    ann.removeRendezvousServer(first)
    expect((await ann.health()).rendezvous?.servers.map(({ url }) => url)).toEqual([second])
    expect(() => ann.addRendezvousServer('http://x')).toThrow(expect.objectContaining({ code: 'rendezvous' }) as Error)
  })

  test('are left out where there is no room to begin with them: all else is there, and says why', async () => {
    const store = createMemoryStore()
    const cause = new DOMException('full', 'QuotaExceededError')
    store.setSetting = vi.fn(store.setSetting)
    vi.mocked(store.setSetting).mockImplementationOnce(() =>
      Promise.reject(new MessengerError('store', 'there is no room left', { cause })),
    )
    const { messenger } = await (await MeetingPlace.open()).person({ store })
    const why = expect.stringMatching(/there is no room left.*open this again/) as string
    const refused = { code: 'rendezvous', message: why }
    expect(await new Promise((resolve) => messenger.on('error', resolve))).toMatchObject(refused)
    expect(await messenger.health()).toMatchObject({ rendezvous: undefined, rendezvousProblem: why })
    expect(await messenger.conversations()).toEqual([])
    expect(() => messenger.addRendezvousServer('wss://meet.example')).toThrow(expect.objectContaining(refused) as Error)
  })

  test('that cannot begin for another reason keep everything shut', async () => {
    const store = createMemoryStore()
    store.setSetting = () => Promise.reject(new Error('damaged'))
    const opening = (await MeetingPlace.open()).person({ store })
    await expect(opening).rejects.toMatchObject({ code: 'rendezvous', message: expect.stringContaining('damaged') })
  })

  test('are not there without the option: nobody knocks, and what needs them is refused', async () => {
    const { messenger } = await createWorld().person()
    expect(await messenger.health()).toMatchObject({ rendezvous: undefined, rendezvousProblem: undefined })
    expect(messenger.knocks()).toEqual([])
    const { publicKey } = createSigner(generateSeed())
    const refused = { name: 'MessengerError', code: 'rendezvous' }
    await expect(messenger.acceptKnock(publicKey)).rejects.toMatchObject(refused)
    await expect(messenger.declineKnock(publicKey)).rejects.toMatchObject(refused)
    expect(() => messenger.addRendezvousServer('wss://meet.example')).toThrow(expect.objectContaining(refused) as Error)
    expect(() => messenger.removeRendezvousServer('wss://meet.example')).toThrow(
      expect.objectContaining(refused) as Error,
    )
  })
})
