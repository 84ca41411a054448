import { generateSeed } from '@mimirjs/crypto'
import { createFaultyProxy, type FaultyProxy } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { Yggdrasil } from '@mimirjs/yggdrasil'
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

  /** A leaf. @param peer - another way to the middle */
  node(peer: string = this.peer): Promise<Yggdrasil> {
    return start({ peers: [peer] })
  }

  /** A leaf, and the link between it and the middle. */
  async nodeBehindLink(): Promise<{ node: Yggdrasil; link: FaultyProxy }> {
    const link = await createFaultyProxy({ listen: 'tcp://127.0.0.1:0', target: this.peer })
    onTestFinished(() => link.close())
    return { node: await this.node(link.address), link }
  }
}

async function start(options: { peers?: string[]; listen?: string[] }): Promise<Yggdrasil> {
  const node = await Yggdrasil.start({ seed: generateSeed(), ...options })
  onTestFinished(() => node.close({ timeoutMs: 0 }))
  return node
}

/** Where people are found. */
export function addressOf({ publicKey }: Pick<Yggdrasil, 'publicKey'>, port = 42): string {
  return `ygg://${toHex(publicKey)}:${port}`
}
