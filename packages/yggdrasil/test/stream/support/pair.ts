import type { StreamConnection } from '../../../src/stream/connection.js'
import { KEY_B, Reader, Simulation, type SimulationOptions } from './simulation.js'

/** A simulation with one connection, open on both ends. */
export interface Pair {
  readonly sim: Simulation
  readonly client: StreamConnection
  readonly server: StreamConnection
  readonly clientReader: Reader
  readonly serverReader: Reader
}

/** Open a connection over lossless paths first; `options` hold from the beginning otherwise. */
export function openPair(options: SimulationOptions = {}): Pair {
  const sim = new Simulation(options)
  let server: StreamConnection | undefined
  let serverReader: Reader | undefined
  sim.b.listen(42, (connection) => {
    server = connection
    serverReader = new Reader(connection)
  })
  const client = sim.a.connect(KEY_B, 42, sim.nowMs)
  const clientReader = new Reader(client)
  sim.runUntil(() => serverReader !== undefined, sim.nowMs + 60_000)
  if (server === undefined || serverReader === undefined) throw new Error('the connection did not open')
  return { sim, client, server, clientReader, serverReader }
}

/** Bytes that tell where they are. */
export function pattern(length: number, offset = 0): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = (offset + at) * 7 + ((offset + at) >> 8) * 13
  return bytes
}

/** Whether these are the bytes of {@link pattern}: quicker than any matcher. */
export function isPattern(bytes: Uint8Array, length: number, offset = 0): boolean {
  if (bytes.length !== length) return false
  for (let index = 0; index < length; index++) {
    const at = offset + index
    if (bytes[index] !== ((at * 7 + (at >> 8) * 13) & 0xff)) return false
  }
  return true
}
