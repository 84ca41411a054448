import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/main.ts', 'src/person.ts', 'src/tracker.ts'],
  format: ['esm'],
  target: 'es2022',
  outDir: 'dist',
  clean: false,
})
