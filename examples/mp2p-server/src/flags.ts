// Command lines as Go's package `flag` reads them: -port 1024, -port=1024, --port 1024, -v, -v=false.

/** A flag by its default: text takes a value, `false` makes it a switch. */
export interface Flag<T extends string | number | boolean = string | number | boolean> {
  readonly value: T
  readonly usage: string
}

type Widened<T> = T extends string ? string : T extends number ? number : boolean
export type Values<F extends Record<string, Flag>> = { -readonly [Name in keyof F]: Widened<F[Name]['value']> }

/** The flags of this process; a wrong word ends it, with what there is. */
export function parseFlags<const F extends Record<string, Flag>>(program: string, flags: F): Values<F> {
  const read = readFlags(process.argv.slice(2), flags)
  if (typeof read !== 'string') return read
  process.stderr.write(`${read === '' ? '' : `${read}\n`}${usage(program, flags)}`)
  process.exit(read === '' ? 0 : 2)
}

/** @returns what is wrong with the words; empty when they ask for help */
export function readFlags<const F extends Record<string, Flag>>(
  words: readonly string[],
  flags: F,
): Values<F> | string {
  const values: Record<string, string | number | boolean> = {}
  for (const [name, { value }] of Object.entries(flags)) values[name] = value
  const left = [...words]
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    // Go's programs ignore what follows: a dash forgotten would send to the world what was meant for one interface.
    if (!/^-./s.test(word) || word === '--') return `unexpected argument: ${word}`
    const [, name = '', given] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(word) ?? []
    if (name === '') return `bad flag syntax: ${word}`
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
    if (flag === undefined) return name === 'h' || name === 'help' ? '' : `flag provided but not defined: -${name}`
    const isSwitch = flag.value === false
    const text = given ?? (isSwitch ? 'true' : left.shift())
    if (text === undefined) return `flag needs an argument: -${name}`
    const value = parseValue(text, flag)
    if (value === undefined) {
      const what = isSwitch ? `boolean value ${JSON.stringify(text)} for` : `value ${JSON.stringify(text)} for flag`
      return `invalid ${what} -${name}: parse error`
    }
    values[name] = value
  }
  return values as Values<F>
}

function parseValue(text: string, flag: Flag): string | number | boolean | undefined {
  if (typeof flag.value === 'string') return text
  if (typeof flag.value === 'number') return /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true
  return /^(0|f|F|false|FALSE|False)$/.test(text) ? false : undefined
}

function usage(program: string, flags: Record<string, Flag>): string {
  const lines = Object.entries(flags).map(([name, { value, usage: about }]) => {
    const kind = { string: ' string', number: ' int', boolean: '' }[typeof value as 'string' | 'number' | 'boolean']
    const standard = value === '' || value === false ? '' : ` (default ${value})`
    return `  -${name}${kind}\n    \t${about}${standard}\n`
  })
  return `Usage of ${program}:\n${lines.sort().join('')}`
}
