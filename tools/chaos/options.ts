import { readArguments } from '../lib/arguments.mjs'

export interface Options {
  readonly seed: number
  /** The run goes on until so many are accepted. */
  readonly messages: number
  readonly kills: number
  /** A group over a mediator, instead of people who write to each other. */
  readonly groups: boolean
  /** Everything that people of the current generation send each other, not texts alone. */
  readonly mixed: boolean
  /** Keep the databases and logs of a run in which nothing was lost. */
  readonly keep: boolean
  /** Nothing on stdout but the last line. */
  readonly json: boolean
  readonly help: boolean
}

export const USAGE = `usage: pnpm chaos [groups] [--mixed] [--seed N] [--messages N] [--kills N] [--keep] [--json]

People as processes over faulty links, killed at random. By default three people of the classic generation
write texts to each other. With --mixed they are of the current generation and send texts short and long,
replies, reactions, edits, images, files and voice messages, ask for contact and delete; one of them has two
devices and a file server; addresses move, links are cut, and the tracker and the file server are killed too.
With groups five people are members of one group at a mediator, which is killed too; what is counted then are
pairs of a message and a member it is for.
The last line is the verdict, counted in the databases and on the disks that the processes left behind.`

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
  const { mixed, keep, json, help } = values
  const stranger = positionals.find((name) => name !== 'groups')
  if (stranger !== undefined) throw new Error(`nothing is called ${stranger}; there is groups`)
  const groups = positionals.length > 0
  if (groups && mixed) throw new Error('--mixed is for people who write to each other: leave it out with groups')
  const count = (name: 'seed' | 'messages' | 'kills'): number => {
    if (/^\d{1,9}$/.test(values[name])) return Number(values[name])
    throw new Error(`--${name}: expected a whole number from 0 on, got ${values[name]}`)
  }
  return { seed: count('seed'), messages: count('messages'), kills: count('kills'), groups, mixed, keep, json, help }
}
