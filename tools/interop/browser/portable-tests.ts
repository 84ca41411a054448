import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from '../../lib/process.mjs'

/** Tests of what must run wherever JavaScript runs, or is made for browsers. */
const FOLDERS = [
  'packages/wire/test',
  'packages/crypto/test',
  'packages/yggdrasil/test',
  'packages/messenger/test/browser',
  'packages/messenger/test/store',
] as const

/** In which nothing is different in a browser, and why they are not worth their time there. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'packages/messenger/test/store/indexeddb.test.ts': 'its databases are in memory everywhere',
  'packages/yggdrasil/test/node/soak.test.ts': 'it is an hour of machines without I/O',
  'packages/yggdrasil/test/wire/readme.test.ts': 'it compares texts',
}

/** Comments, which may speak of Node, and what there is in a browser, too: see `files.ts`. */
const PASSED_OVER = /\/\*.*?\*\/|(?<!:)\/\/[^\n]*|import \{ readFileSync \} from 'node:fs'/gs

export interface PortableTests {
  /** Test files that reach nothing of Node, relative to the repository. */
  readonly include: string[]
  /** The others, each with the first module or global of Node that it reaches, or another reason. */
  readonly excluded: readonly { readonly file: string; readonly because: string }[]
}

/** Sort the tests of the portable packages by whether anything they import, however far, is Node's. */
export function portableTests(): PortableTests {
  const include: string[] = []
  const excluded: { file: string; because: string }[] = []
  for (const file of FOLDERS.flatMap(testFiles)) {
    const because = LEFT_OUT[file] ?? reachesNode(path.join(root, file), new Set())
    if (because === undefined) include.push(file)
    else excluded.push({ file, because })
  }
  return { include, excluded }
}

function testFiles(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => path.posix.join(folder, file.split(path.sep).join('/')))
    .sort()
}

/**
 * Follows relative imports only: what a package imports from another is portable if that package is.
 * @returns what it reaches first, as a sentence
 */
function reachesNode(file: string, seen: Set<string>): string | undefined {
  if (seen.has(file) || !existsSync(file)) return undefined
  seen.add(file)
  const code = readFileSync(file, 'utf8').replace(PASSED_OVER, '')
  const [, global] = /\b(Buffer|process|require)[.(]/.exec(code) ?? []
  if (global !== undefined) return `it reaches the global ${global}`
  for (const [, specifier = ''] of code.matchAll(/^(?:import|export)\b(?:[\w\s{},*$]*\bfrom)?\s*['"]([^'"]+)['"]/gm)) {
    if (specifier.startsWith('node:')) return `it reaches ${specifier}`
    if (!specifier.startsWith('.')) continue
    const found = reachesNode(path.resolve(path.dirname(file), specifier.replace(/\.js$/, '.ts')), seen)
    if (found !== undefined) return found
  }
  return undefined
}
