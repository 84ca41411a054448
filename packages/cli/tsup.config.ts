import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts', 'src/bin.ts'],
  format: ['esm'],
  target: 'es2022',
  outDir: 'dist',
  dts: false,
  sourcemap: true,
  clean: false,
})
