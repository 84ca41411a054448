// The steps of `pnpm verify`, in the order that finds the cheap mistakes first.
import { checkApiReports } from '../checks/api-report.mjs'
import { checkDocsExamples } from '../checks/docs-examples.mjs'
import { checkHygiene } from '../checks/hygiene.mjs'
import { checkNamedTests } from '../checks/named-tests.mjs'
import { checkSize } from '../checks/size.mjs'
import { checkStranger } from '../checks/stranger.mjs'
import { TURBO_ENV } from './prepare.mjs'
import { runNode, runTool } from './process.mjs'
import { outcomeOf } from './steps.mjs'

const MINUTE_MS = 60_000

/** @param {string} file @param {readonly string[]} [args] */
const script = (file, args = []) => runTool('tsx', [file, ...args], { timeoutMs: 5 * MINUTE_MS })

/** @type {readonly import('./steps.mjs').Step[]} */
export const verifySteps = [
  {
    name: 'build',
    about: 'JavaScript and declarations of every package',
    run: async () => outcomeOf(await runNode(['tools/build.mjs'], { timeoutMs: 5 * MINUTE_MS })),
  },
  { name: 'hygiene', about: 'nothing switched off, unfinished or tied to a machine', run: checkHygiene },
  {
    name: 'format',
    about: 'biome: format and base lint',
    run: async () => outcomeOf(await runTool('@biomejs/biome', ['check', '.'], { command: 'biome' })),
  },
  {
    name: 'lint',
    about: 'eslint: lost promises, forgotten cases, arrows between packages',
    run: async () => outcomeOf(await runTool('eslint', ['.', '--max-warnings=0'], { timeoutMs: 3 * MINUTE_MS })),
  },
  {
    name: 'types',
    about: 'tsc over sources, tests, tools and examples',
    run: async () => outcomeOf(await runTool('typescript', ['-p', 'tsconfig.test.json'], { command: 'tsc' })),
  },
  {
    name: 'unit',
    about: 'unit and property tests',
    run: async () => {
      const { failed, ...verdict } = outcomeOf(await runTool('vitest', ['run'], { timeoutMs: 20 * MINUTE_MS }))
      if (failed === undefined) return verdict
      return { failed: failed.replace(/^.*✓.*\n/gm, '') } // what passed would hide what did not
    },
  },
  {
    name: 'conformance',
    about: 'the published vectors',
    run: async () => outcomeOf(await script('tools/conformance/main.ts')),
  },
  {
    name: 'fuzz',
    about: 'a short, seeded slice of the fuzzers',
    run: async () => outcomeOf(await script('tools/fuzz/main.ts', ['--seconds', '10', '--seed', '1'])),
  },
  { name: 'docs', about: 'the TypeScript in README.md files and guides', run: checkDocsExamples },
  { name: 'claims', about: 'every test that a table of the documents names is there', run: checkNamedTests },
  {
    name: 'site',
    about: 'the documentation site, no broken link',
    run: async () => outcomeOf(await runNode(['tools/site.mjs'], { timeoutMs: 2 * MINUTE_MS })),
  },
  {
    name: 'packages',
    about: 'publint and are-the-types-wrong on every tarball',
    run: async () => {
      const args = ['run', 'pkgcheck', '--output-logs=errors-only', '--filter=./packages/*']
      return outcomeOf(await runTool('turbo', args, { env: TURBO_ENV, timeoutMs: 5 * MINUTE_MS }))
    },
  },
  { name: 'stranger', about: 'the tarballs in an empty project', run: checkStranger },
  { name: 'api', about: 'the public surface is the committed one', run: checkApiReports },
  { name: 'size', about: 'size budgets per subpath', run: checkSize },
]
