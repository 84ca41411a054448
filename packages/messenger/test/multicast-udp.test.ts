// Messengers on real sockets: IPv4 multicast on loopback.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { Discovery, MulticastNode } from '@mimirjs/multicast'
import { multicastUdp } from '@mimirjs/multicast/udp'
import type { ByteStream } from '@mimirjs/transport'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Messenger, type MessengerOptions } from '../src/index.js'
import { meet, WAIT } from './support/local-network.js'
import { onLoopback, somePort } from './support/loopback.js'
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
  return process.getActiveResourcesInfo().filter((kind) => kind === 'UDPWrap').length
}

/** The system takes a moment to close one. */
async function noUdpSockets(): Promise<void> {
  await expect.poll(udpSockets, WAIT).toBe(0)
}

describe('off', () => {
  test.each<[string, MessengerOptions]>([
    ['by default', {}],
    ['when told so', { multicast: false }],
  ])('%s: no socket is opened, so no packet leaves', async (_, options) => {
    await noUdpSockets()
    const [ann, ben] = [await person(options), await person(options)]
    ann.addAddress(ben.publicKey, await ben.listen('tcp://127.0.0.1:0'))
    const heard = collect(ben, 1)
    await ann.whenDelivered(await ann.send(ben.publicKey, 'over TCP'))
    await heard
    expect(udpSockets()).toBe(0)
    expect(ann.nearby()).toEqual([])
    expect((await ann.health()).multicast).toBeUndefined()
  })

  test('and on: two sockets, which are closed with the messenger', async () => {
    await noUdpSockets()
    const ann = await person({ multicast: onLoopback(somePort()) })
    expect(udpSockets()).toBe(2)
    expect((await ann.health()).multicast).toMatchObject({ interface: 'lo', nearby: 0 })
    await ann.close()
    await noUdpSockets()
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

test('the bot is killed in the middle: everything arrives once, in order, and is answered once', async () => {
  const port = somePort()
  const options = { folder: newFolder(), port }
  const ann = await person({ multicast: onLoopback(port) })
  const first = await startBot(options)
  const notes = Array.from({ length: 40 }, (_, at) => `note ${at}`)
  const send = async (from: number, to: number): Promise<void> => {
    for (const note of notes.slice(from, to)) await ann.send(first.publicKey, note)
  }
  await send(0, 20)
  await first.heard('note 3')
  await kill(first)
  await send(20, 40)
  const second = await startBot(options)
  expect(second.publicKey).toBe(first.publicKey)
  // A group made anew.
  expect(second.address).not.toBe(first.address)
  await expect
    .poll(async () => (await historyOf(ann, first.publicKey)).got.length, { timeout: 15_000, interval: 20 })
    .toBe(notes.length)
  const answers = notes.map((note) => `re: ${note}`)
  expect(await historyOf(ann, first.publicKey)).toEqual({ sent: notes, got: answers })
  expect((await ann.health()).undelivered).toBe(0)

  await ann.close()
  await kill(second)
  const bot = await person({}, options.folder)
  expect(await historyOf(bot, ann.publicKey)).toEqual({ sent: answers, got: notes })
  expect((await bot.health()).unhandled).toBe(0)
})

test('a stream is killed in the middle, though both live: everything arrives once, in order', async () => {
  const multicast = onLoopback(somePort())
  const signer = createSigner(generateSeed())
  const [ann, ben] = [await person({ multicast }), await person({ multicast, signer })]
  await meet(ann, ben)
  let ups = 0
  ann.on('state', ({ state }) => {
    if (state === 'up') ups += 1
  })
  const some = collect(ben, 3)
  const notes = Array.from({ length: 60 }, (_, at) => `note ${at}`)
  for (const note of notes.slice(0, 30)) await ann.send(ben.publicKey, note)
  await some

  // Somebody with the same key, who knows nothing of the stream: what is sent on it now comes there, and is answered so.
  const network = multicastUdp()
  const node = await MulticastNode.open({ signer, network, group: 'ipv4', port: 0, interface: 'lo', policy: 'anybody' })
  onTestFinished(() => node.close())
  const streams: ByteStream[] = []
  const listener = await node.streams.listen(node.address, {
    onStream: (stream) => {
      streams.push(stream)
      stream.abort()
    },
  })
  const discovery = await Discovery.open({ network, signer, address: node.address, ...multicast })
  onTestFinished(() => discovery.close())
  await expect.poll(() => streams.length, WAIT).toBeGreaterThan(0)
  for (const note of notes.slice(30)) await ann.send(ben.publicKey, note)
  await expect.poll(() => ups, WAIT).toBeGreaterThan(1)
  await discovery.close()
  await listener.close()
  await node.close()

  await expect.poll(async () => (await ann.health()).undelivered, WAIT).toBe(0)
  expect((await historyOf(ben, ann.publicKey)).got).toEqual(notes)
  expect((await historyOf(ann, ben.publicKey)).sent).toEqual(notes)
})

describe('what cannot be is one error, and leaves nothing behind', () => {
  test('an interface that is not there', async () => {
    const folder = newFolder()
    await noUdpSockets()
    const opening = person({ multicast: { interface: 'nowhere0' } }, folder)
    await expect(opening).rejects.toMatchObject({ name: 'MessengerError', code: 'multicast' })
    await expect(opening).rejects.toThrow(/nowhere0.*lo/s)
    await noUdpSockets()
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
    await expect.poll(udpSockets, WAIT).toBe(1)
    await expect(person({ multicast: onLoopback(port) }, folder)).rejects.toMatchObject({
      code: 'multicast',
      cause: { code: 'address-in-use' },
    })
    await expect.poll(udpSockets, WAIT).toBe(1)
    await (await person({}, folder)).close()
  })

  test('something else of the messenger: the node does not stay', async () => {
    await noUdpSockets()
    const opening = person({ multicast: onLoopback(somePort()), mediators: [{ publicKey: 'x', address: 'y' }] })
    await expect(opening).rejects.toMatchObject({ code: 'bad-content' })
    await noUdpSockets()
  })
})
