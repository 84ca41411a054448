import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/main.ts', 'src/overlay.ts', 'src/person.ts', 'src/tracker.ts', 'src/middle.ts'],
  format: ['esm'],
  target: 'es2022',
  outDir: 'dist',
  clean: false,
})
