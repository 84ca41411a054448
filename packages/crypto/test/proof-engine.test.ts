// Which engine is taken where.
import { expect, test } from 'vitest'
import { loadEngine } from '../src/proof/engine.js'
import type { WebAssemblyApi } from '../src/web-assembly.js'

const real = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly

test('WebAssembly where it has SIMD, JavaScript where that is asked for', async () => {
  expect((await loadEngine()).name).toBe('wasm-simd')
  expect((await loadEngine('wasm-simd')).name).toBe('wasm-simd')
  expect((await loadEngine('js')).name).toBe('js')
})

const forbidden = (): never => {
  throw new EvalError('a Content-Security-Policy without wasm-unsafe-eval')
}

test.each<[string, Partial<WebAssemblyApi>]>([
  ['it does not know SIMD', { validate: () => false }],
  ['a page forbids to compile', { compile: async () => forbidden() }],
  ['a page forbids to validate', { validate: forbidden }],
])('JavaScript where %s', async (_, lack) => {
  const api: WebAssemblyApi = {
    validate: (bytes) => real.validate(bytes),
    compile: (bytes) => real.compile(bytes),
    instantiate: (module) => real.instantiate(module),
  }
  expect((await loadEngine(undefined, api)).name).toBe('wasm-simd')
  expect((await loadEngine(undefined, { ...api, ...lack })).name).toBe('js')
})

test('the module is compiled once, and each search has a memory of its own', async () => {
  let compiled = 0
  const api: WebAssemblyApi = {
    validate: (bytes) => real.validate(bytes),
    compile: (bytes) => {
      compiled++
      return real.compile(bytes)
    },
    instantiate: (module) => real.instantiate(module),
  }
  const [one, two] = await Promise.all([loadEngine(undefined, api), loadEngine(undefined, api)])
  expect(compiled).toBe(1)
  one.memory[0] = 1
  expect(two.memory[0]).toBe(0)
})
