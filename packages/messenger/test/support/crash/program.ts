import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** What is used of esbuild, which comes with tsx. */
interface Bundler {
  build(options: Readonly<Record<string, unknown>>): Promise<unknown>
}

/** A program of the tests in one file of plain JavaScript. */
export interface Program {
  readonly file: string
  remove(): Promise<void>
}

const require = createRequire(import.meta.url)
/** Where an SQLite driver that is installed beside the packages is found. */
const STORE = pathToFileURL(join(import.meta.dirname, '../../../../store/src/load-driver.ts')).href

/** Compile a program once: with a loader each start of it costs half a second of computing, without a tenth of that. */
export async function compileProgram(source: URL): Promise<Program> {
  const { build } = createRequire(require.resolve('tsx'))('esbuild') as Bundler
  const folder = await mkdtemp(join(tmpdir(), 'mimir-program-'))
  const file = join(folder, 'program.mjs')
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['mimir:source'],
    define: { 'import.meta.url': JSON.stringify(STORE) },
    external: ['better-sqlite3', 'libsql', '@roamhq/wrtc'],
    // For what is CommonJS inside.
    banner: {
      js: `import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(${JSON.stringify(STORE)})`,
    },
    logLevel: 'error',
  })
  return { file, remove: () => rm(folder, { recursive: true, force: true }) }
}
