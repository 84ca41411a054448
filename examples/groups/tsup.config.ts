import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/main.ts', 'src/mediator.ts', 'src/member.ts'],
  format: ['esm'],
  target: 'es2022',
  outDir: 'dist',
  clean: false,
})
