import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const BENCH = fileURLToPath(new URL('..', import.meta.url))

/** Where the compiled benchmarks are: below `bench/`, so that packages resolve from there, to what `pnpm build` made. */
export const COMPILED: URL = new URL('../dist/', import.meta.url)

/**
 * Compile the benchmarks once, so that the measured processes run plain JavaScript and no loader. Packages stay
 * outside: ours are measured as they are published.
 */
export async function compile(subjects: readonly string[]): Promise<void> {
  await rm(COMPILED, { recursive: true, force: true })
  await build({
    absWorkingDir: BENCH,
    entryPoints: ['actor', 'run', 'codecs/loops', ...subjects].map((name) => `./${name}.ts`),
    entryNames: '[name]',
    outdir: 'dist',
    outbase: '.',
    bundle: true,
    splitting: true,
    // One folder for everything, so that `./actor.js` means the same file from every chunk.
    chunkNames: '[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'linked',
    logLevel: 'warning',
  })
}
