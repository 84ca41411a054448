import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts', 'src/tcp.ts', 'src/udp.ts', 'src/memory.ts', 'src/testing/index.ts'],
  format: ['esm'],
  target: 'es2022',
  outDir: 'dist',
  dts: false,
  sourcemap: true,
  clean: false,
})
