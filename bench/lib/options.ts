import { resolve } from 'node:path'
import { readArguments } from '../../tools/lib/arguments.mjs'
import { FULL, QUICK, type Settings } from './settings.js'
import { ALONG, SUBJECTS, type SubjectName } from './subjects.js'

export interface Options {
  readonly subjects: readonly SubjectName[]
  readonly settings: Settings
  /** Where to write the rows as JSON; relative to the folder the package manager was called in. */
  readonly json: string | undefined
  /** Fail when a row is below 0.8 of its target. */
  readonly check: boolean
  readonly help: boolean
}

export const USAGE = `pnpm bench [NAME ...] [--json FILE] [--rounds N] [--quick] [--check]

NAME      ${Object.keys(SUBJECTS).join(', ')}; all of them when none is named;
          mediator brings ${ALONG.mediator?.join(' and ')} along, yggdrasil ${ALONG.yggdrasil?.join(' and ')}
--json    write {"rows":[{"id","value","unit","against","ratio","target"}]} to FILE
--rounds  rounds per row, medians are taken over them (default ${FULL.rounds}, with --quick ${QUICK.rounds})
--quick   a smoke run: everything once and briefly; the figures mean nothing
--check   exit with 1 when a row is below 0.8 of its target

What is measured are the built packages; the command builds them first.
`

/** @throws {Error} with a one-line message for anything that is not understood. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = readArguments(args, {
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const unknown = positionals.find((name) => !Object.hasOwn(SUBJECTS, name))
  if (unknown !== undefined)
    throw new Error(`no benchmark is called "${unknown}"; there are: ${Object.keys(SUBJECTS).join(', ')}`)
  const base = values.quick ? QUICK : FULL
  const rounds = values.rounds === undefined ? base.rounds : Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds wants a whole number from 1, got "${values.rounds}"`)
  const all = Object.keys(SUBJECTS) as SubjectName[]
  const named = all.filter((name) => positionals.includes(name))
  const along = named.flatMap((name) => ALONG[name] ?? [])
  return {
    subjects: positionals.length > 0 ? all.filter((name) => [...named, ...along].includes(name)) : all,
    settings: { ...base, rounds },
    json: values.json === undefined ? undefined : resolve(process.env['INIT_CWD'] ?? '.', values.json),
    check: values.check,
    help: values.help,
  }
}
