// A process dies while people who met through rendezvous talk; what both databases have in the end is counted.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { Messenger } from '../src/index.js'
import { MeetingPlace } from './support/meeting-place.js'
import type { RendezvousBotOptions, RendezvousBotReport } from './support/rendezvous-bot.js'
import { newFolder, open } from './support/world.js'

const PROGRAM = fileURLToPath(new URL('./support/rendezvous-bot.ts', import.meta.url))
const WAIT = { timeout: 30_000, interval: 20 }

class Bot {
  readonly reports: RendezvousBotReport[] = []
  readonly #child: ChildProcess

  constructor(options: RendezvousBotOptions) {
    this.#child = fork(PROGRAM, [JSON.stringify(options)], {
      execArgv: ['--conditions=mimir:source', '--import', 'tsx'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child.on('message', (report: RendezvousBotReport) => this.reports.push(report))
    onTestFinished(() => void this.#child.kill('SIGKILL'))
  }

  async told<E extends RendezvousBotReport['event']>(
    event: E,
    fits: (report: Extract<RendezvousBotReport, { event: E }>) => boolean = () => true,
  ): Promise<Extract<RendezvousBotReport, { event: E }>> {
    for (;;) {
      for (const report of this.reports) {
        const told = report as Extract<RendezvousBotReport, { event: E }>
        if (report.event === event && fits(told)) return told
      }
      await once(this.#child, 'message')
    }
  }

  async kill(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }
}

async function historyOf(messenger: Messenger, peer: string): Promise<{ sent: string[]; got: string[] }> {
  const entries = (await messenger.history(peer, { limit: 500 })).reverse()
  const texts = (outgoing: boolean): string[] =>
    entries.filter((entry) => entry.outgoing === outgoing).map(({ text }) => text)
  return { sent: texts(true), got: texts(false) }
}

async function personWith(place: MeetingPlace): Promise<{ ann: Messenger; options: RendezvousBotOptions; bot: Bot }> {
  const ann = await Messenger.open(newFolder(), {
    rendezvous: { servers: place.urls, strangers: 'accept' },
    retry: { minMs: 50, maxMs: 500 },
  })
  open.push(ann)
  const options = { folder: newFolder(), servers: place.urls, contact: ann.publicKey }
  return { ann, options, bot: new Bot(options) }
}

test('the bot is killed in the middle: everything arrives once, in order, and is answered once', async () => {
  const { ann, options, bot: first } = await personWith(await MeetingPlace.open())
  const { publicKey } = await first.told('ready')
  await ann.addContact(publicKey)
  const notes = Array.from({ length: 40 }, (_, at) => `note ${at}`)
  for (const note of notes.slice(0, 20)) await ann.send(publicKey, note)
  await first.told('message', ({ text }) => text === 'note 3')
  await first.kill()
  for (const note of notes.slice(20)) await ann.send(publicKey, note)
  const second = new Bot(options)
  expect((await second.told('ready')).publicKey).toBe(publicKey)
  await expect.poll(async () => (await historyOf(ann, publicKey)).got.length, WAIT).toBe(notes.length)
  const answers = notes.map((note) => `re: ${note}`)
  expect(await historyOf(ann, publicKey)).toEqual({ sent: notes, got: answers })
  expect((await ann.health()).undelivered).toBe(0)

  await ann.close()
  await second.kill()
  const bot = await Messenger.open(options.folder)
  open.push(bot)
  expect(await historyOf(bot, ann.publicKey)).toEqual({ sent: answers, got: notes })
  expect((await bot.health()).unhandled).toBe(0)
})

test('the bot is killed in the middle of a file: it goes on where it was, and is whole', async () => {
  const { ann, options, bot: first } = await personWith(await MeetingPlace.open())
  const { publicKey } = await first.told('ready')
  await ann.addContact(publicKey)
  const bytes = new Uint8Array(24_000_000).map((_, at) => (at * 7919) >> 8)
  const path = join(newFolder(), 'sent.bin')
  writeFileSync(path, bytes)
  await ann.send(publicKey, { file: { path }, text: 'for you' })
  await first.told('progress', ({ doneBytes }) => doneBytes > 8_000_000)
  await first.kill()
  const second = new Bot(options)
  const fetched = await second.told('fetched')
  expect(Buffer.compare(readFileSync(fetched.path), bytes)).toBe(0)
  const [begun] = second.reports.flatMap((report) => (report.event === 'progress' ? [report.doneBytes] : []))
  expect(begun).toBeGreaterThan(1_000_000)
  expect(await historyOf(ann, publicKey)).toEqual({ sent: ['for you'], got: [] })
})
