import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createRandom } from '@mimirjs/transport/testing'
import { afterEach, expect } from 'vitest'
import { nativeDrivers } from '../../../src/links/native/index.js'
import { type LinkNode, type LinkNodeOptions, linkNode, trafficFrame } from '../support.js'

const cleanups: (() => unknown)[] = []

/** Undone when the test is over, the last one first. */
export function cleanup(work: () => unknown): void {
  cleanups.push(work)
}

afterEach(async () => {
  for (const work of cleanups.splice(0).reverse()) await work()
})

/** A node with real sockets; closed when the test is over. */
export function nativeNode(options: Partial<LinkNodeOptions> = {}): LinkNode {
  const node = linkNode({ drivers: (seed, clock, limits) => nativeDrivers({ seed, clock, limits }), ...options })
  cleanup(() => node.links.close())
  return node
}

/** A folder for sockets; removed when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'ygg-'))
  cleanup(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function portOf(uri: string): number {
  return Number(/:(\d+)$/.exec(uri)?.[1])
}

/** A plain connection, and what came over it. */
export interface RawClient {
  readonly socket: Socket
  readonly received: () => Buffer
  readonly isClosed: () => boolean
}

export async function rawClient(uri: string): Promise<RawClient> {
  const socket = connect({ port: portOf(uri), host: '127.0.0.1', noDelay: true })
  const chunks: Buffer[] = []
  let isClosed = false
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {})
  socket.on('close', () => (isClosed = true))
  cleanup(() => socket.destroy())
  await new Promise((resolve) => socket.once('connect', resolve))
  return { socket, received: () => Buffer.concat(chunks), isClosed: () => isClosed }
}

/** Wait until both nodes have a link. */
export async function bothUp(a: LinkNode, b: LinkNode): Promise<void> {
  await expect.poll(() => [a.up().length, b.up().length], { timeout: 5000 }).toEqual([1, 1])
}

/** Send frames of many sizes, heeding back-pressure, and compare what arrives. */
export async function carries(from: LinkNode, to: LinkNode, count: number, seed: number): Promise<void> {
  const random = createRandom(seed)
  const bodies = Array.from({ length: count }, (_, at) => {
    const size = at % 50 === 0 ? 131_000 : Math.floor(random.next() ** 3 * 20_000)
    return new Uint8Array(size).fill(at)
  })
  const [link] = from.up()
  const before = to.frames().length
  for (const body of bodies) {
    const drains = from.told.filter(({ what }) => what === 'drained').length
    if (link?.write(trafficFrame(body)) === true) continue
    await expect
      .poll(() => from.told.filter(({ what }) => what === 'drained').length, { interval: 1 })
      .toBeGreaterThan(drains)
  }
  await expect.poll(() => to.frames().length - before, { timeout: 8000 }).toBe(count)
  const arrived = to.frames().slice(before)
  expect(arrived.every(({ body }, at) => Buffer.compare(body, bodies[at]!) === 0)).toBe(true)
}
