import { randomInt } from 'node:crypto'

/** Nothing of a benchmark leaves this machine. */
export const LOOPBACK = '127.0.0.1'
/** By name, as our nodes and the Go programs want it. */
export const LOOPBACK_NAME = process.platform === 'linux' ? 'lo' : 'lo0'

/** Where somebody listens. */
export interface Place {
  readonly group: string
  readonly port: number
}

/** A group that nobody else here has, in the range that the protocol draws from: sockets are bound to their group. */
export function freePlace(): Place {
  return { group: `224.0.${randomInt(224, 250)}.${randomInt(0, 256)}`, port: randomInt(20_000, 30_000) }
}
