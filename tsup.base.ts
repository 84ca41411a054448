import { defineConfig } from 'tsup'

type Config = ReturnType<typeof defineConfig>

/**
 * How every package is bundled: ESM, one file per entry, code that entries share in chunks, so that no two subpaths hold
 * copies of one class. Declarations come from `tsc -b`, so cleaning leaves them alone.
 */
export function library(entry: string[]): Config {
  return defineConfig({
    entry,
    format: ['esm'],
    target: 'es2022',
    outDir: 'dist',
    dts: false,
    sourcemap: true,
    // `node:sqlite` has no other name, and other runtimes want the prefix.
    removeNodeProtocol: false,
    // What a package names so is chosen by whoever loads it: Node, or a bundler for browsers. And a library with native
    // code, an optional dependency, which tsup leaves in its place only among the others.
    external: [/^#/, '@roamhq/wrtc'],
    clean: ['!**/*.d.ts'],
  })
}
