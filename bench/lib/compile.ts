import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const BENCH = fileURLToPath(new URL('..', import.meta.url))
/** Below `bench/`, so that packages resolve from there, to what `pnpm build` made; git ignores it. */
const DIST = fileURLToPath(new URL('../dist/', import.meta.url))

/** A compiled set of benchmarks in a folder of its own: several runs may go on at the same time. */
export interface Compiled {
  readonly folder: URL
  remove(): Promise<void>
}

/**
 * Compile the benchmarks once, so that the measured processes run plain JavaScript and no loader. Packages stay
 * outside: ours are measured as they are published.
 */
export async function compile(subjects: readonly string[]): Promise<Compiled> {
  await mkdir(DIST, { recursive: true })
  const outdir = await mkdtemp(`${DIST}run-`)
  const remove = () => rm(outdir, { recursive: true, force: true })
  try {
    await build({
      absWorkingDir: BENCH,
      entryPoints: ['actor', 'file-actor', 'mediator-actor', 'yggdrasil-actor', 'run', 'codecs/loops', ...subjects].map(
        (name) => `./${name}.ts`,
      ),
      // One folder for everything, so that `./actor.js` means the same file from every chunk.
      entryNames: '[name]',
      chunkNames: '[name]-[hash]',
      outdir,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      sourcemap: 'linked',
      logLevel: 'warning',
    })
  } catch (error) {
    await remove()
    throw error
  }
  return { folder: pathToFileURL(`${outdir}/`), remove }
}
