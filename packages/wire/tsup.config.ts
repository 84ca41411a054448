import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts', 'src/tlv/index.ts', 'src/peer/index.ts', 'src/tracker/index.ts', 'src/link/index.ts'],
  format: ['esm'],
  target: 'es2022',
  outDir: 'dist',
  dts: false,
  sourcemap: true,
  clean: false,
})
