// pnpm conformance [FILE…]   run vector files (default: all of vectors/ that have the published form)
// pnpm conformance --list    print the id of every codec, one a line
// Exit: 0 all passed, 1 something differs, 2 a file that cannot be read or is no vector file; it counts as one failed.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { difference } from './check.js'
import { CODECS } from './codecs.js'
import { casesOf } from './vector.js'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const VECTORS = join(ROOT, 'vectors')
/** These have schemas and tests of their own. */
const OTHER_FORMS = ['schema.json', 'sequences', 'crypto']

const USAGE = 'usage: pnpm conformance [--list] [FILE…]'

process.exitCode = main(process.argv.slice(2).filter((argument) => argument !== '--'))

function main(args: readonly string[]): number {
  if (args.includes('--help')) {
    console.log(USAGE)
    return 0
  }
  const unknown = args.find((argument) => argument.startsWith('-') && argument !== '--list')
  if (unknown !== undefined) {
    console.error(`conformance: unknown option ${unknown}; ${USAGE}`)
    return 2
  }
  if (args.includes('--list')) {
    console.log(Object.keys(CODECS).join('\n'))
    return 0
  }
  const files = args.length > 0 ? args.map(locate) : publishedFiles()
  const loaded = files.map(load)
  const unreadable = loaded.filter((cases) => cases === undefined).length
  let passed = 0
  let failed = unreadable
  for (const [index, cases] of loaded.entries()) {
    for (const [position, value] of (cases ?? []).entries()) {
      const reason = difference(value, CODECS, { errorCodes: args.length === 0 })
      if (reason === undefined) {
        passed++
      } else {
        failed++
        console.log(`FAIL ${nameOf(files[index]!)}: ${caseName(value, position)}: ${reason}`)
      }
    }
  }
  console.log(`${passed} passed, ${failed} failed`)
  if (unreadable > 0) return 2
  return failed > 0 ? 1 : 0
}

/** A file as the caller means it: package managers start scripts in the root, whatever folder they were called in. */
function locate(file: string): string {
  const called = resolve(process.env.INIT_CWD ?? '.', file)
  return existsSync(called) ? called : resolve(file)
}

function publishedFiles(): string[] {
  return readdirSync(VECTORS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json') && !OTHER_FORMS.includes(file.split(/[\\/]/)[0]!))
    .sort()
    .map((file) => join(VECTORS, file))
}

/** The cases of a file; `undefined`, and a line on stderr, when there are none to be had. */
function load(file: string): readonly unknown[] | undefined {
  try {
    return casesOf(JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')))
  } catch (error) {
    const reason = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error)
    console.error(`conformance: ${nameOf(file)}: ${reason}`)
    return undefined
  }
}

function nameOf(file: string): string {
  const inside = relative(ROOT, file)
  return inside.startsWith('..') ? file : inside
}

function caseName(value: unknown, position: number): string {
  const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined
  return typeof name === 'string' ? name : `case ${position + 1}`
}
