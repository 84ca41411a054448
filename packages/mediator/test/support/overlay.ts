import { generateSeed } from '@mimirjs/crypto'
import { createFaultyProxy, type FaultyProxy } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { Yggdrasil, type YggdrasilOptions } from '@mimirjs/yggdrasil'
import { onTestFinished } from 'vitest'

/** A network of real nodes on loopback: one in the middle that all others are connected to. Closed when the test is over. */
export class Overlay {
  readonly #middle: Yggdrasil

  private constructor(middle: Yggdrasil) {
    this.#middle = middle
  }

  static async start(): Promise<Overlay> {
    return new Overlay(await start({ listen: ['tcp://127.0.0.1:0'] }))
  }

  /** Where nodes connect. */
  get peer(): string {
    return this.#middle.listenAddresses[0]!
  }

  /** A leaf. */
  node(seed: Uint8Array = generateSeed()): Promise<Yggdrasil> {
    return start({ seed, peers: [this.peer] })
  }

  /** A leaf, and the link between it and the middle. */
  async nodeBehindLink(seed: Uint8Array): Promise<{ node: Yggdrasil; link: FaultyProxy }> {
    const link = await createFaultyProxy({ listen: 'tcp://127.0.0.1:0', target: this.peer })
    onTestFinished(() => link.close())
    return { node: await start({ seed, peers: [link.address] }), link }
  }
}

async function start(options: YggdrasilOptions): Promise<Yggdrasil> {
  const node = await Yggdrasil.start(options)
  onTestFinished(() => node.close({ timeoutMs: 0 }))
  return node
}

/** Where a service of this node is found. */
export function addressOf({ publicKey }: Pick<Yggdrasil, 'publicKey'>, port = 42): string {
  return `ygg://${toHex(publicKey)}:${port}`
}
