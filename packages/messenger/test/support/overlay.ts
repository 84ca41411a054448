import { createSigner, generateSeed } from '@mimirjs/crypto'
import { createMediator } from '@mimirjs/mediator'
import { createTracker } from '@mimirjs/tracker'
import { Transports } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import { Yggdrasil, type YggdrasilOptions } from '@mimirjs/yggdrasil'
import { expect, onTestFinished } from 'vitest'
import { type MediatorAddress, Messenger, type MessengerOptions } from '../../src/index.js'
import { collect, newFolder, open } from './world.js'

export const WAIT = { timeout: 15_000, interval: 5 }

/** A node, closed when the test is over. */
export async function startNode(options: YggdrasilOptions): Promise<Yggdrasil> {
  const node = await Yggdrasil.start(options)
  onTestFinished(() => node.close({ timeoutMs: 0 }))
  return node
}

/** A network of real nodes on loopback: one in the middle, and everybody else connected to that alone. */
export class Overlay {
  readonly middle: Yggdrasil
  /** Where nodes connect. */
  readonly peers: readonly string[]

  private constructor(middle: Yggdrasil) {
    this.middle = middle
    this.peers = middle.listenAddresses
  }

  static async start(): Promise<Overlay> {
    return new Overlay(await startNode({ listen: ['tcp://127.0.0.1:0'] }))
  }

  node(seed: Uint8Array = generateSeed()): Promise<Yggdrasil> {
    return startNode({ seed, peers: this.peers })
  }

  /** @returns its address */
  async tracker(): Promise<string> {
    const node = await this.node()
    const tracker = await createTracker({
      generation: 'current',
      address: 'ygg://[::]:69',
      transport: node.datagramTransport,
      store: ':memory:',
    })
    onTestFinished(() => tracker.close())
    return addressOf(node, 69)
  }

  async mediator(): Promise<MediatorAddress> {
    const seed = generateSeed()
    const node = await this.node(seed)
    const mediator = await createMediator({
      signer: createSigner(seed),
      transports: new Transports([node.streams]),
      listen: ['ygg://[::]:42'],
      store: ':memory:',
    })
    onTestFinished(() => mediator.close({ timeoutMs: 100 }))
    return { publicKey: toHex(mediator.publicKey), address: mediator.addresses[0]! }
  }

  /** Somebody with a node of their own. Give the same folder again, and it is the same person after a restart. */
  person(options: MessengerOptions = {}, folder: string = newFolder()): Promise<Messenger> {
    return openPerson(folder, { overlay: { peers: this.peers }, ...options })
  }
}

/** Closed when the test is over. */
export async function openPerson(folder: string, options: MessengerOptions): Promise<Messenger> {
  const messenger = await Messenger.open(folder, { retry: { minMs: 50, maxMs: 500 }, ...options })
  open.push(messenger)
  return messenger
}

export function addressOf({ publicKey }: Pick<Yggdrasil, 'publicKey'>, port = 42): string {
  return `ygg://${toHex(publicKey)}:${port}`
}

/** Listen where a messenger does by itself, until a tracker knows. @returns the address */
export async function listenKnown(messenger: Messenger): Promise<string> {
  const known = new Promise((resolve) => messenger.on('announced', resolve))
  const address = await messenger.listen()
  await known
  return address
}

/** The key of the node of a messenger. */
export async function nodeKeyOf(messenger: Messenger): Promise<string> {
  const { overlay } = await messenger.health()
  return overlay!.publicKey
}

/** The next message of `from` arrives at `to`. */
export async function talk(from: Messenger, to: Messenger, text: string): Promise<void> {
  const arrived = collect(to, 1)
  await from.whenDelivered(await from.send(to.publicKey, text))
  expect((await arrived).map((message) => message.text)).toEqual([text])
}
