// Processes and nodes die while people talk over the overlay; what both databases have in the end is counted.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { Messenger } from '../src/index.js'
import { Overlay, openPerson, startNode } from './support/overlay.js'
import type { OverlayBotOptions, OverlayBotReport } from './support/overlay-bot.js'
import { newFolder } from './support/world.js'

const PROGRAM = fileURLToPath(new URL('./support/overlay-bot.ts', import.meta.url))
const NOTES = 60

interface Bot {
  readonly child: ChildProcess
  readonly publicKey: string
  readonly address: string
  /** Resolves when this text was heard. */
  heard(text: string): Promise<void>
}

async function startBot(options: OverlayBotOptions): Promise<Bot> {
  const child = fork(PROGRAM, [JSON.stringify(options)], {
    execArgv: ['--conditions=mimir:source', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const texts = new Set<string>()
  const { publicKey, address } = await new Promise<Extract<OverlayBotReport, { event: 'announced' }>>((resolve) => {
    child.on('message', (report: OverlayBotReport) => {
      if (report.event === 'announced') resolve(report)
      else texts.add(report.text)
    })
  })
  const heard = async (text: string): Promise<void> => {
    while (!texts.has(text)) await once(child, 'message')
  }
  return { child, publicKey, address, heard }
}

async function kill({ child }: Bot): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** What was said to this person and by them, oldest first. */
async function historyOf(messenger: Messenger, peer: string): Promise<{ sent: string[]; got: string[] }> {
  const entries = (await messenger.history(peer, { limit: 10 * NOTES })).reverse()
  const texts = (outgoing: boolean): string[] =>
    entries.filter((entry) => entry.outgoing === outgoing).map(({ text }) => text)
  return { sent: texts(true), got: texts(false) }
}

test('the bot is killed, then the node in the middle: everything arrives once, in order, and is answered once', async () => {
  const net = await Overlay.start()
  const tracker = await net.tracker()
  const options: OverlayBotOptions = { folder: newFolder(), peers: net.peers, tracker }
  const ann = await net.person({ trackers: [tracker] })
  const first = await startBot(options)
  const notes = Array.from({ length: NOTES }, (_, i) => `note ${i}`)
  const send = async (from: number, to: number): Promise<void> => {
    for (const note of notes.slice(from, to)) await ann.send(first.publicKey, note)
  }

  await send(0, 20)
  await first.heard('note 5')
  await kill(first)
  await send(20, 40)
  const second = await startBot(options)
  expect([second.publicKey, second.address]).toEqual([first.publicKey, first.address])
  await second.heard('note 25')

  // Another one takes its place.
  await net.middle.close({ timeoutMs: 0 })
  await send(40, NOTES)
  await startNode({ listen: net.peers })
  ann.retryNow()
  const answers = notes.map((note) => `re: ${note}`)
  await expect
    .poll(async () => (await historyOf(ann, first.publicKey)).got.length, { timeout: 15_000, interval: 20 })
    .toBe(NOTES)
  expect(await historyOf(ann, first.publicKey)).toEqual({ sent: notes, got: answers })
  expect((await ann.health()).undelivered).toBe(0)

  await ann.close()
  await kill(second)
  const bot = await openPerson(options.folder, {})
  expect(await historyOf(bot, ann.publicKey)).toEqual({ sent: answers, got: notes })
  expect((await bot.health()).unhandled).toBe(0)
})
