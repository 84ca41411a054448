// What must not be in the tree: switched-off tests and checks, unfinished marks, paths of the machine it was written on.
import { root, run } from '../lib/process.mjs'

/** Folders whose code is ours. Written so that no pattern finds itself. */
const CODE = ['packages', 'examples', 'tools', 'bench', 'interop']

/** @type {readonly { what: string, pattern: string, paths?: readonly string[] }[]} */
const FORBIDDEN = [
  {
    what: 'a test switched off or alone',
    pattern: '\\b(describe|it|test|suite)[.](skip|only|todo|skipIf)\\b',
    paths: CODE,
  },
  { what: 'a silenced check', pattern: '@ts-(ignore|nocheck)|biome-(ignore)|eslint-(disable)', paths: CODE },
  { what: 'an unfinished mark', pattern: '\\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\\b', paths: CODE },
  { what: 'a path of the place it was written in', pattern: '/wor[k]/|[.][.]/share[d]/' },
]

/** Archives, binaries, databases and secret keys belong to no commit. */
const STRAY_FILE = /[.](tgz|gz|zip|whl|node|so|dylib|dll|exe|log|db|sqlite3?|orig|rej)$|(^|\/)identity[.]key$/

/**
 * @param {string} [cwd] a git checkout
 * @returns {Promise<import('../lib/steps.mjs').Outcome>}
 */
export async function checkHygiene(cwd = root) {
  /** @type {string[]} */
  const found = []
  for (const { what, pattern, paths = [] } of FORBIDDEN) {
    const result = await run('git', ['grep', '-nIE', pattern, '--', ...paths, ':!pnpm-lock.yaml'], { cwd })
    if (result.code === 0) found.push(`${what}:\n${result.output.trimEnd()}`)
    else if (/not a git repository/.test(result.output)) return { leftOut: 'not a git checkout' }
    else if (result.code !== 1) return { failed: result.output }
  }
  const { stdout } = await run('git', ['ls-files'], { cwd })
  const strays = stdout.split('\n').filter((file) => STRAY_FILE.test(file))
  if (strays.length > 0) found.push(`a file that is made, not written:\n${strays.join('\n')}`)
  return found.length > 0 ? { failed: found.join('\n\n') } : undefined
}
