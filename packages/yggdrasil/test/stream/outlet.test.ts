import { describe, expect, test } from 'vitest'
import type { StreamConnection } from '../../src/stream/connection.js'
import { StreamStack } from '../../src/stream/stack.js'
import { StreamFlag } from '../../src/wire/stream-packet.js'
import { answer } from './support/say.js'
import { KEY_A, Reader } from './support/simulation.js'

const { syn: SYN, ack: ACK } = StreamFlag

function node(index: number): Uint8Array {
  return new Uint8Array(32).fill(100 + index)
}

/** A stack with open connections to some nodes, over one link that takes so many packets before it is full. */
class Crowd {
  nowMs = 0
  room = Number.POSITIVE_INFINITY
  /** Packets with data, by node. */
  readonly sent = new Map<number, number>()
  readonly connections: StreamConnection[] = []
  readonly stack: StreamStack

  constructor(nodes: number) {
    this.stack = new StreamStack({
      publicKey: KEY_A,
      randomPort: () => 0,
      output: {
        send: (remote, bytes) => {
          if (bytes.length === 16) return this.room > 0
          const index = remote[0]! - 100
          this.sent.set(index, (this.sent.get(index) ?? 0) + 1)
          return --this.room > 0
        },
      },
    })
    for (let index = 0; index < nodes; index++) {
      const connection = this.stack.connect(node(index), 42, 0)
      this.stack.receive(node(index), answer(SYN | ACK, { destinationPort: connection.localPort }), 0)
      new Reader(connection)
      this.connections.push(connection)
    }
    this.stack.advance(0)
  }

  drain(room: number): void {
    this.room = room
    this.stack.drained(this.nowMs)
    this.stack.advance(this.nowMs)
  }
}

describe('a link of our own that is full', () => {
  test('is given back node by node: none of them waits while others go on', () => {
    const crowd = new Crowd(20)
    crowd.room = 0
    for (const connection of crowd.connections) connection.write(new Uint8Array(30_000))
    crowd.stack.advance(0)
    // One packet each: that is how a stack notices.
    expect([...crowd.sent.values()]).toEqual(Array.from({ length: 20 }, () => 1))
    crowd.sent.clear()
    for (let round = 0; round < 30; round++) crowd.drain(4)
    const counts = Array.from({ length: 20 }, (_, index) => crowd.sent.get(index) ?? 0)
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(4)
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(3)
  })

  test('that has room for little is not given a packet of every node', () => {
    const crowd = new Crowd(50)
    crowd.room = 0
    for (const connection of crowd.connections) connection.write(new Uint8Array(30_000))
    crowd.stack.advance(0)
    crowd.sent.clear()
    crowd.drain(1)
    expect([...crowd.sent.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(4)
  })

  test('that has room for all gives it to all at once', () => {
    const crowd = new Crowd(50)
    crowd.room = 0
    for (const connection of crowd.connections) connection.write(new Uint8Array(8000))
    crowd.stack.advance(0)
    crowd.drain(1000)
    expect([...crowd.sent.values()]).toEqual(Array.from({ length: 50 }, () => 2))
  })

  test('is forgotten with the last connection over it', () => {
    const crowd = new Crowd(2)
    crowd.room = 0
    for (const connection of crowd.connections) connection.write(new Uint8Array(30_000))
    crowd.stack.advance(0)
    for (const connection of crowd.connections) connection.abort(0)
    for (crowd.nowMs = 0; crowd.nowMs < 60_000; crowd.nowMs += 1000) crowd.stack.advance(crowd.nowMs)
    crowd.sent.clear()
    crowd.drain(100)
    expect(crowd.sent.size).toBe(0)
    expect(crowd.stack.stats().connections).toBe(0)
  })
})
