// People of the current generation on real nodes: three and more on loopback, one of them in the middle.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { generateSeed } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import type { Yggdrasil } from '@mimirjs/yggdrasil'
import { expect, onTestFinished, test } from 'vitest'
import type { Connection, PeerOptions } from '../src/index.js'
import { dataFrame } from './support/bench-by-hand.js'
import { digest, fileOf, Kept, pattern } from './support/current.js'
import { alice, bob, eve } from './support/keys.js'
import { message } from './support/machine.js'
import { dialByHand, OPEN_DATA } from './support/original.js'
import { addressOf, Overlay } from './support/overlay.js'
import type { ChildOptions, ChildReport } from './support/overlay-child.js'
import { WireEnd } from './support/wire-end.js'
import { Resident, say } from './support/world.js'

const CHILD = fileURLToPath(new URL('./support/overlay-child.ts', import.meta.url))

const large = (guid: bigint, byteLength = 200_000) => ({ ...message(guid), payload: pattern(byteLength, Number(guid)) })

/** Somebody at a node, who keeps messages and files by their content. */
class Person extends Resident {
  readonly digests: string[] = []

  constructor(node: Yggdrasil, signer = alice, options: Partial<PeerOptions> = {}) {
    super(signer, [node.streams], { generation: 'current', ...options })
    onTestFinished(() => this.peer.close({ timeoutMs: 0 }))
    const keep = (connection: Connection, guid: bigint, bytes: Uint8Array): void => {
      this.digests.push(digest(bytes))
      connection.acknowledge(guid)
      this.changed()
    }
    this.handlers = (connection) => ({
      message: ({ guid, payload }) => keep(connection, guid, payload),
      file: (header) => {
        const sink = new Kept(header, () => sink.ended && keep(connection, header.guid, sink.bytes))
        return sink
      },
    })
  }

  async got(...payloads: Uint8Array[]): Promise<void> {
    await this.until(() => this.digests.length >= payloads.length)
    expect(this.digests.splice(0).sort()).toEqual(payloads.map(digest).sort())
  }
}

async function meet(a: Person, b: Person, address: string): Promise<{ connection: Connection; back: Connection }> {
  const connection = await a.peer.connect(bob.publicKey, [address])
  await b.until(() => b.connections.length > 0)
  return { connection, back: b.connections.at(-1)! }
}

test('a connection is bound to both nodes; what is large goes on streams of their own, both ways', async () => {
  const net = await Overlay.start()
  const [here, there] = [await net.node(), await net.node()]
  const [a, b] = [new Person(here), new Person(there, bob)]
  await a.peer.listen(addressOf(here))
  const { address } = await b.peer.listen('ygg://[::]:42')
  expect(address).toBe(addressOf(there))
  const { connection, back } = await meet(a, b, address)
  for (const one of [connection, back]) expect(one).toMatchObject({ extended: true, channelBound: true })
  expect(connection.remoteAddress).toBe(address)
  expect(back.remoteAddress).toMatch(new RegExp(`^ygg://${toHex(here.publicKey)}:\\d+$`))

  const file = pattern(700_001, 6)
  connection.sendData(fileOf(1n, file))
  back.send(large(2n, 1_000_000))
  say(connection, 3n, 'small')
  await Promise.all([
    a.got(large(2n, 1_000_000).payload),
    b.got(file, message(3n, 'small').payload),
    a.until(() => a.acknowledged.length === 2),
    b.until(() => b.acknowledged.length === 1),
  ])
  await Promise.all([a.peer.close(), b.peer.close()])
  expect([a.ended, b.ended]).toEqual([[undefined], [undefined]])
})

test('who only dials gets what is large, too, and is no place to connect to until it listens', async () => {
  const net = await Overlay.start()
  const [here, there] = [await net.node(), await net.node()]
  const [a, b] = [new Person(here), new Person(there, bob)]
  // Not the port of messengers: whoever was dialled dials back on the one that was used.
  const { address } = await b.peer.listen('ygg://[::]:4242')
  const { back } = await meet(a, b, address)
  back.send(large(1n))
  await a.got(large(1n).payload)

  const stranger = new Person(there, eve)
  const at = addressOf(here, 4242)
  await expect(stranger.peer.connect(alice.publicKey, [at])).rejects.toMatchObject({ code: 'unreachable' })
  expect((await a.peer.listen(at)).address).toBe(at)
  await stranger.peer.connect(alice.publicKey, [at])
  await a.until(() => a.connections.length === 2)
  back.send(large(2n))
  await a.got(large(2n).payload)
  await a.peer.close()
  await expect(there.openStream(here.publicKey, 4242)).rejects.toMatchObject({ code: 'refused' })
})

test('a data stream of another node belongs to nobody, whatever it says', async () => {
  const net = await Overlay.start()
  const [there, hers, foreign] = [await net.node(), await net.node(), await net.node()]
  const b = new Person(there, bob)
  const { address } = await b.peer.listen('ygg://[::]:42')
  const { control } = await dialByHand(hers.streams, address, alice, bob.publicKey)
  await b.until(() => b.connections.length === 1)
  const [forged, good] = [dataFrame(1n, pattern(100_000, 1)), dataFrame(2n, pattern(100_000, 2))]
  const stray = (await WireEnd.dial(foreign.streams, address)).write(OPEN_DATA).data(forged)
  await stray.until(() => stray.closed)
  expect(stray.error).toMatchObject({ code: 'reset' })
  const own = (await WireEnd.dial(hers.streams, address)).write(OPEN_DATA).data(good)
  await b.got(good.data)
  // An OK for the second, none for the first.
  await control.until(() => control.frames().length >= 4)
  expect(control.frames().flatMap((frame) => (frame.type === 'ok' && frame.id !== 0n ? [frame.id] : []))).toEqual([2n])
  for (const { stream } of [own, control]) stream.abort()
})

test('a link that is cut, and comes back, ends no connection and loses nothing', async () => {
  const net = await Overlay.start()
  const there = await net.node()
  const { node: here, link } = await net.nodeBehindLink()
  const [a, b] = [new Person(here), new Person(there, bob)]
  await a.peer.listen(addressOf(here))
  const { address } = await b.peer.listen('ygg://[::]:42')
  const { connection, back } = await meet(a, b, address)
  const file = pattern(3_000_000, 9)
  let sentBytes = 0
  connection.sendData({ ...fileOf(1n, file), onProgress: (bytes) => (sentBytes = bytes) })
  await expect.poll(() => sentBytes, { interval: 1 }).toBeGreaterThan(600_000)
  const down = new Promise((resolve) => here.on('peerDown', resolve))
  link.cut()
  say(connection, 2n, 'into the gap')
  say(back, 3n, 'from behind it')
  await down
  here.retryNow()
  await Promise.all([b.got(file, message(2n, 'into the gap').payload), a.got(message(3n, 'from behind it').payload)])
  await Promise.all([a, b].map((one) => one.until(() => one.acknowledged.length === (one === a ? 2 : 1))))
  expect([a.ended, b.ended]).toEqual([[], []])
})

test('a process that is killed: its connection ends, and it is found again under the same key', async () => {
  const net = await Overlay.start()
  const here = await net.node()
  const impatient = { pingMs: 300, pingJitterMs: 1, pongMs: 300, answerMs: 300, lingerMs: 300 }
  const a = new Person(here, alice, { timers: impatient })
  const options: ChildOptions = {
    nodeSeed: toHex(generateSeed()),
    seed: toHex(new Uint8Array(32).fill(2)),
    peer: net.peer,
  }
  const first = await startChild(options)
  const connection = await a.peer.connect(bob.publicKey, [first.address])
  say(connection, 1n, 'one')
  await a.until(() => a.acknowledged.length === 1)
  const died = once(first.child, 'exit')
  first.child.kill('SIGKILL')
  await died
  say(connection, 2n, 'two')
  await a.until(() => a.ended.length === 1)
  expect(a.ended[0]).toMatchObject({ code: 'timeout' })

  const second = await startChild(options)
  expect(second.address).toBe(first.address)
  say(await a.peer.connect(bob.publicKey, [second.address]), 2n, 'two')
  await a.until(() => a.acknowledged.length === 2)
  expect([...first.heard, ...second.heard]).toEqual(['one', 'two'])
})

async function startChild(options: ChildOptions): Promise<{ child: ChildProcess; address: string; heard: string[] }> {
  const child = fork(CHILD, [JSON.stringify(options)], {
    execArgv: ['--conditions=mimir:source', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const heard: string[] = []
  const ready = new Promise<string>((resolve) => {
    child.on('message', (report: ChildReport) => {
      if (report.event === 'ready') resolve(report.address)
      else heard.push(report.text)
    })
  })
  return { child, address: await ready, heard }
}
