import { readArguments } from '../lib/arguments.mjs'

export interface Options {
  readonly minutes: number
  readonly nodes: number
  readonly seed: number
  /** Nothing on stdout but the last line. */
  readonly json: boolean
  readonly help: boolean
}

export const USAGE = `usage: pnpm soak [--minutes N] [--nodes N] [--seed N] [--json]

A network of our overlay nodes and yggdrasil-go nodes in real time: nodes die and come back, links come and go, and
after each while of that everybody has to reach everybody, and packets of many sizes have to come back as they went.
The last line is the verdict as JSON. It fails when a pair is not reached after healing, when a packet is changed or
more than two in a hundred are lost in a network that rests, or when our nodes hold more and more memory.
Default: 10 minutes, 12 nodes. It needs Go.`

/** @throws {Error} with a one-line message for anything that is not understood. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = readArguments(args, {
    options: {
      minutes: { type: 'string', default: '10' },
      nodes: { type: 'string', default: '12' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const count = (name: 'minutes' | 'nodes' | 'seed', least: number): number => {
    const value = Number(values[name])
    if (/^\d{1,9}$/.test(values[name]) && value >= least) return value
    throw new Error(`--${name}: expected a whole number from ${least} on, got ${values[name]}`)
  }
  const { json, help } = values
  return { minutes: count('minutes', 1), nodes: count('nodes', 3), seed: count('seed', 0), json, help }
}
