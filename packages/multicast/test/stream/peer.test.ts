import { createSigner, type SeedSigner } from '@mimirjs/crypto'
import { type Connection, type DataSink, Peer } from '@mimirjs/peer'
import { Transports } from '@mimirjs/transport'
import { MessageType } from '@mimirjs/wire/peer'
import { afterEach, expect, test } from 'vitest'
import type { MulticastNode } from '../../src/index.js'
import { Link, until } from './support/nodes.js'
import { isSame, pattern } from './support/simulation.js'

/** Somebody at a node, whose identity is that of the node. */
class Person {
  readonly peer: Peer
  readonly connections: Connection[] = []
  readonly read: { readonly guid: bigint; readonly bytes: Uint8Array }[] = []
  readonly acknowledged: bigint[] = []

  constructor(node: MulticastNode, signer: SeedSigner, clientId: number) {
    this.peer = new Peer({
      signer,
      clientId,
      transports: new Transports([node.streams]),
      generation: 'current',
      onConnection: (connection) => {
        this.connections.push(connection)
        return {
          message: ({ guid, payload }) => this.#keep(connection, guid, payload),
          acknowledged: (guid) => this.acknowledged.push(guid),
          file: ({ guid }) => this.#sink(connection, guid),
          closed() {},
        }
      },
    })
  }

  #keep(connection: Connection, guid: bigint, bytes: Uint8Array): void {
    this.read.push({ guid, bytes: bytes.slice() })
    connection.acknowledge(guid)
  }

  #sink(connection: Connection, guid: bigint): DataSink {
    const chunks: Uint8Array[] = []
    return {
      write: (bytes) => {
        chunks.push(bytes.slice())
      },
      end: () => this.#keep(connection, guid, join(chunks)),
      failed() {},
    }
  }
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sizeBytes, { length }) => sizeBytes + length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.slice(at, at + 65_536)
}

const links: Link[] = []
const people: Person[] = []

afterEach(async () => {
  await Promise.all(people.splice(0).map(({ peer }) => peer.close({ timeoutMs: 0 })))
  await Promise.all(links.splice(0).map((link) => link.close()))
})

for (const dropChance of [0, 0.05]) {
  test(`two people where ${dropChance * 100} % is lost: messages, a large one and a file, all acknowledged`, async () => {
    const link = new Link()
    links.push(link)
    const signers = [1, 2].map((number) => createSigner(new Uint8Array(32).fill(number))) as [SeedSigner, SeedSigner]
    const nodes = [await link.open(1), await link.open(2)] as const
    link.memory.faults = { dropChance }
    const [alice, bob] = [new Person(nodes[0], signers[0], 1), new Person(nodes[1], signers[1], 2)] as const
    people.push(alice, bob)
    await alice.peer.listen(nodes[0].address)
    const { address } = await bob.peer.listen(nodes[1].address)

    const connection = await alice.peer.connect(signers[1].publicKey, [address])
    await until(() => bob.connections.length === 1, 'Bob to see the connection')
    const back = bob.connections[0] as Connection
    expect([connection.channelBound, back.channelBound]).toEqual([true, true])
    expect([connection.remoteAddress, back.remoteAddress]).toEqual([nodes[1].address, nodes[0].address])

    const head = { replyTo: 0n, sendTimeMs: 0n, editTimeMs: 0n }
    const [small, large, file] = [pattern(100), pattern(200_000, 1), pattern(1_000_000, 2)]
    connection.send({ ...head, guid: 1n, messageType: MessageType.text, payload: small })
    back.send({ ...head, guid: 2n, messageType: MessageType.text, payload: large })
    const dataBytes = file.length
    connection.sendData({ ...head, guid: 3n, messageType: MessageType.fileResponse, dataBytes, source: pieces(file) })
    await until(() => alice.acknowledged.length === 2 && bob.acknowledged.length === 1, 'the acknowledgements')
    expect(alice.acknowledged.sort()).toEqual([1n, 3n])
    expect(bob.acknowledged).toEqual([2n])
    const ofGuid = (person: Person, guid: bigint) => person.read.find((message) => message.guid === guid)?.bytes
    expect(isSame(ofGuid(bob, 1n) ?? file, small)).toBe(true)
    expect(isSame(ofGuid(alice, 2n) ?? file, large)).toBe(true)
    expect(isSame(ofGuid(bob, 3n) ?? small, file)).toBe(true)
  })
}
