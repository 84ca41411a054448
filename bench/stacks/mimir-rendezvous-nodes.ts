import { createSigner, generateSeed } from '@mimirjs/crypto'
import { type RendezvousLink, RendezvousNode } from '@mimirjs/rendezvous'
import { nodePlatform } from '@mimirjs/rendezvous/node'
import { RendezvousServer } from '@mimirjs/rendezvous/server'
import type { ByteStream } from '@mimirjs/transport'
import { fromHex, toHex } from '@mimirjs/wire'
import { acknowledge, type Pipe, PipeChannel } from '../lib/pipe.js'
import type { Channel, Stack } from '../lib/stack.js'
import { OPEN_SERVER } from './mimir-rendezvous.js'

/** Two nodes with real WebRTC; the servers that they meet at run in the process of the one that is called. */
interface Place {
  readonly servers: readonly string[]
  readonly key: string
}

/** Links of ours, from the knock to where both sides have proved who they are on the channel. */
export function mimirRendezvousLinkStack(servers: number): Stack {
  let calling: Promise<RendezvousNode> | undefined
  return {
    async serve() {
      return JSON.stringify((await serveNode(servers)).place)
    },
    async connect(address) {
      const { servers: urls, key } = JSON.parse(address) as Place
      calling ??= openNode(urls)
      const node = await calling
      return new LinkChannel(await node.connect(fromHex(key)))
    },
  }
}

/** Streams of ours, on one link. */
export function mimirRendezvousStreamStack(): Stack {
  let calling: Promise<RendezvousNode> | undefined
  return {
    async serve() {
      const { node, place } = await serveNode(1)
      await node.streams.listen(node.address, { onStream: (stream) => acknowledge(streamPipe(stream), 'plain') })
      return JSON.stringify(place)
    },
    async connect(address) {
      const { servers, key } = JSON.parse(address) as Place
      calling ??= openNode(servers)
      const node = await calling
      return new PipeChannel(streamPipe(await node.streams.dial(`rdv://${key}`)), 'plain')
    },
  }
}

async function serveNode(count: number): Promise<{ node: RendezvousNode; place: Place }> {
  const opening = Array.from({ length: count }, () =>
    RendezvousServer.open({ listen: 'ws://127.0.0.1:0', limits: OPEN_SERVER }),
  )
  const servers = (await Promise.all(opening)).map(({ address }) => address)
  const node = await openNode(servers)
  return { node, place: { servers, key: toHex(node.publicKey) } }
}

/** A node that is logged in at all servers. */
async function openNode(servers: readonly string[]): Promise<RendezvousNode> {
  const node = await RendezvousNode.open({
    signer: createSigner(generateSeed()),
    platform: nodePlatform(),
    servers,
    policy: () => 'accept',
  })
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (node.servers().every(({ state }) => state === 'ready')) resolve()
    }
    node.on('server', look)
    look()
  })
  return node
}

class LinkChannel implements Channel {
  readonly #link: RendezvousLink
  readonly #gone: Promise<void>

  constructor(link: RendezvousLink) {
    this.#link = link
    this.#gone = new Promise((resolve) => {
      link.on('closed', () => resolve())
    })
  }

  flood(): Promise<never> {
    return Promise.reject(new Error('a link is only opened here'))
  }

  /** Resolves at the acknowledgement. */
  once(): Promise<void> {
    return this.#link.sendChat('hello')
  }

  reset(): void {
    void this.#link.close()
  }

  gone(): Promise<void> {
    return this.#gone
  }
}

function streamPipe(stream: ByteStream): Pipe {
  return {
    write: (bytes) => void stream.write(bytes),
    writeAll: (chunks) => void stream.writeAll(chunks),
    onData: (data) => stream.start({ data, end: () => stream.end(), drain() {}, closed() {} }),
    reset: () => stream.abort(),
  }
}
