import { readArguments } from '../lib/arguments.mjs'

export interface Options {
  readonly seed: number
  /** The run goes on until so many are accepted. */
  readonly messages: number
  readonly kills: number
  /** Keep the databases and logs of a run in which nothing was lost. */
  readonly keep: boolean
  /** Nothing on stdout but the last line. */
  readonly json: boolean
  readonly help: boolean
}

export const USAGE = 'usage: pnpm chaos [--seed N] [--messages N] [--kills N] [--keep] [--json]'

/** Promised by the documents; their subject is not there yet. */
const LATER: Readonly<Record<string, string>> = {
  groups: 'group chats over a mediator',
  '--mixed': 'images, files and reactions between the texts',
}

/** @throws {Error} with a one-line message for anything that is not understood. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = readArguments(args, {
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: '1' },
      messages: { type: 'string', default: '2000' },
      kills: { type: 'string', default: '30' },
      mixed: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { keep, json, help } = values
  for (const name of values.mixed ? [...positionals, '--mixed'] : positionals) {
    if (!Object.hasOwn(LATER, name)) throw new Error(`nothing is called ${name}`)
    throw new Error(`${name} (${LATER[name]}) is not there yet: it comes with a later release`)
  }
  const count = (name: 'seed' | 'messages' | 'kills'): number => {
    if (/^\d{1,9}$/.test(values[name])) return Number(values[name])
    throw new Error(`--${name}: expected a whole number from 0 on, got ${values[name]}`)
  }
  return { seed: count('seed'), messages: count('messages'), kills: count('kills'), keep, json, help }
}
