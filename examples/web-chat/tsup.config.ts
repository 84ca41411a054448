import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/serve/main.ts'],
  format: ['esm'],
  target: 'es2022',
  outDir: 'dist',
  removeNodeProtocol: false,
})
