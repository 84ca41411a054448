// Messengers on real sockets: IPv4 multicast on loopback.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { multicastUdp } from '@mimirjs/multicast/udp'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Messenger, type MessengerOptions } from '../src/index.js'
import { meet, onLoopback, somePort } from './support/local-network.js'
import type { MulticastBotOptions, MulticastBotReport } from './support/multicast-bot.js'
import { collect, newFolder, open } from './support/world.js'

const PROGRAM = fileURLToPath(new URL('./support/multicast-bot.ts', import.meta.url))

async function person(options: MessengerOptions, folder = newFolder()): Promise<Messenger> {
  const messenger = await Messenger.open(folder, { retry: { minMs: 50, maxMs: 500 }, ...options })
  open.push(messenger)
  return messenger
}

interface Bot {
  readonly child: ChildProcess
  readonly publicKey: string
  readonly address: string
  /** Resolves when this text was heard. */
  heard(text: string): Promise<void>
}

async function startBot(options: MulticastBotOptions): Promise<Bot> {
  const child = fork(PROGRAM, [JSON.stringify(options)], {
    execArgv: ['--conditions=mimir:source', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const texts = new Set<string>()
  const { publicKey, address } = await new Promise<Extract<MulticastBotReport, { event: 'ready' }>>((resolve) => {
    child.on('message', (report: MulticastBotReport) => {
      if (report.event === 'ready') resolve(report)
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

async function historyOf(messenger: Messenger, peer: string): Promise<{ sent: string[]; got: string[] }> {
  const entries = (await messenger.history(peer, { limit: 500 })).reverse()
  const texts = (outgoing: boolean): string[] =>
    entries.filter((entry) => entry.outgoing === outgoing).map(({ text }) => text)
  return { sent: texts(true), got: texts(false) }
}

/** UDP sockets of this process that are open. */
function udpSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'UDPWRAP').length
}

describe('off', () => {
  test.each<[string, MessengerOptions]>([
    ['by default', {}],
    ['when told so', { multicast: false }],
  ])('%s: no socket is opened, so no packet leaves', async (_, options) => {
    const before = udpSockets()
    const [ann, ben] = [await person(options), await person(options)]
    ann.addAddress(ben.publicKey, await ben.listen('tcp://127.0.0.1:0'))
    const heard = collect(ben, 1)
    await ann.whenDelivered(await ann.send(ben.publicKey, 'over TCP'))
    await heard
    expect(udpSockets()).toBe(before)
    expect(ann.nearby()).toEqual([])
    expect((await ann.health()).multicast).toBeUndefined()
  })

  test('and on: two sockets, which are closed with the messenger', async () => {
    const before = udpSockets()
    const ann = await person({ multicast: onLoopback(somePort()) })
    expect(udpSockets()).toBe(before + 2)
    expect((await ann.health()).multicast).toMatchObject({ interface: 'lo', nearby: 0 })
    await ann.close()
    expect(udpSockets()).toBe(before)
  })
})

test('three find each other on real sockets, and talk', async () => {
  const multicast = onLoopback(somePort())
  const all = [await person({ multicast }), await person({ multicast }), await person({ multicast })]
  await meet(...all)
  const heard = all.map((one) => collect(one, 2))
  for (const one of all) for (const other of all) if (one !== other) await one.send(other.publicKey, one.publicKey)
  for (const [at, messages] of (await Promise.all(heard)).entries()) {
    const others = all.filter((_, index) => index !== at).map(({ publicKey }) => publicKey)
    expect(messages.map(({ text }) => text).sort()).toEqual(others.sort())
    for (const { text, from } of messages) expect(text).toBe(from)
  }
})

test('the bot is killed in the middle, twice: everything arrives once, in order, and is answered once', async () => {
  const port = somePort()
  const options = { folder: newFolder(), port }
  const ann = await person({ multicast: onLoopback(port) })
  const first = await startBot(options)
  const notes = Array.from({ length: 45 }, (_, at) => `note ${at}`)
  const send = async (from: number, to: number): Promise<void> => {
    for (const note of notes.slice(from, to)) await ann.send(first.publicKey, note)
  }
  await send(0, 15)
  await first.heard('note 3')
  await kill(first)
  await send(15, 30)
  const second = await startBot(options)
  expect(second.publicKey).toBe(first.publicKey)
  // A group made anew.
  expect(second.address).not.toBe(first.address)
  await second.heard('note 17')
  await kill(second)
  await send(30, 45)
  const third = await startBot(options)
  await expect
    .poll(async () => (await historyOf(ann, first.publicKey)).got.length, { timeout: 15_000, interval: 20 })
    .toBe(notes.length)
  const answers = notes.map((note) => `re: ${note}`)
  expect(await historyOf(ann, first.publicKey)).toEqual({ sent: notes, got: answers })
  expect((await ann.health()).undelivered).toBe(0)

  await ann.close()
  await kill(third)
  const bot = await person({}, options.folder)
  expect(await historyOf(bot, ann.publicKey)).toEqual({ sent: answers, got: notes })
  expect((await bot.health()).unhandled).toBe(0)
})

describe('what cannot be is one error, and leaves nothing behind', () => {
  test('an interface that is not there', async () => {
    const folder = newFolder()
    const before = udpSockets()
    const opening = person({ multicast: { interface: 'nowhere0' } }, folder)
    await expect(opening).rejects.toMatchObject({ name: 'MessengerError', code: 'multicast' })
    await expect(opening).rejects.toThrow(/nowhere0.*lo/s)
    expect(udpSockets()).toBe(before)
    // The folder is free again.
    await (await person({}, folder)).close()
  })

  test('a port of discovery that somebody has for themselves', async () => {
    const port = somePort()
    const folder = newFolder()
    const other = await multicastUdp().open({
      groups: [Uint8Array.of(...new Uint8Array(10), 0xff, 0xff, 239, 255, 109, 50)],
      port,
      interface: 'lo',
    })
    onTestFinished(() => other.close())
    const before = udpSockets()
    await expect(person({ multicast: onLoopback(port) }, folder)).rejects.toMatchObject({
      code: 'multicast',
      cause: { code: 'address-in-use' },
    })
    expect(udpSockets()).toBe(before)
    await (await person({}, folder)).close()
  })

  test('something else of the messenger: the node does not stay', async () => {
    const before = udpSockets()
    const opening = person({ multicast: onLoopback(somePort()), mediators: [{ publicKey: 'x', address: 'y' }] })
    await expect(opening).rejects.toMatchObject({ code: 'bad-content' })
    expect(udpSockets()).toBe(before)
  })
})
