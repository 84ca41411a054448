import type { ProofOfWorkEngine } from '../types.js'
import { moduleBytes, type WebAssemblyApi, webAssembly } from '../web-assembly.js'

/**
 * The arithmetic of the walk, on elements in one memory. An address is `unit` times the index of a number. What the four
 * functions compute is in `wasm/walk/formulas.ts`.
 */
export interface WalkEngine {
  readonly name: ProofOfWorkEngine
  /** How many numbers every limb of an element has: that many centres are walked at once. */
  readonly lanes: number
  readonly unit: number
  readonly memory: Float64Array
  /** How many rows are worked on in one go, short enough for every event loop even while the code is still cold. */
  readonly rowsPerTurn: number
  product(o: number, a: number, b: number): void
  square(o: number, a: number, times: number): void
  up(kk: number, row: number, prefix: number, count: number): void
  /** @returns the row of a hit, whose rows before are still to be tested; -1 when there is none left */
  down(state: number, row: number, prefix: number, count: number, scale: number): number
}

/** The table, the products, and room for what lies between. */
const SCRIPT_NUMBERS = 36_000

interface WalkExports extends Pick<WalkEngine, 'product' | 'square' | 'up' | 'down'> {
  readonly memory: { readonly buffer: ArrayBuffer }
}

/**
 * WebAssembly where this runtime has it with SIMD, else JavaScript. Each is loaded only when it is used, so that neither
 * burdens programs that never make a chat.
 * @param only - for measurements and tests
 * @param api - for tests
 */
export async function loadEngine(
  only?: ProofOfWorkEngine,
  api: WebAssemblyApi | undefined = webAssembly(),
): Promise<WalkEngine> {
  const engine = only === 'js' || api === undefined ? undefined : await loadWasm(api)
  return engine ?? (await loadScript())
}

/** Kept, because what was optimised once is then still so; each search has a memory of its own. */
const compiled = new WeakMap<WebAssemblyApi, Promise<object | undefined>>()

async function loadWasm(api: WebAssemblyApi): Promise<WalkEngine | undefined> {
  const compiling = compiled.get(api) ?? compileWasm(api)
  compiled.set(api, compiling)
  const module = await compiling
  if (module === undefined) return undefined
  const { exports } = await api.instantiate(module)
  const { memory, product, square, up, down } = exports as WalkExports
  const shared = { name: 'wasm-simd', lanes: 2, unit: 8, rowsPerTurn: 256 } as const
  return { ...shared, memory: new Float64Array(memory.buffer), product, square, up, down }
}

async function compileWasm(api: WebAssemblyApi): Promise<object | undefined> {
  const { WALK_WASM } = await import('./generated/walk-wasm.js')
  const bytes = moduleBytes(WALK_WASM)
  try {
    return api.validate(bytes) ? await api.compile(bytes) : undefined
  } catch {
    // A page may forbid to compile, by its Content-Security-Policy.
    return undefined
  }
}

async function loadScript(): Promise<WalkEngine> {
  const script = await import('./generated/walk-script.js')
  const memory = new Float64Array(SCRIPT_NUMBERS)
  return {
    name: 'js',
    lanes: 1,
    unit: 1,
    memory,
    rowsPerTurn: 64,
    product: (o, a, b) => script.product(memory, o, a, b),
    square: (o, a, times) => script.square(memory, o, a, times),
    up: (kk, row, prefix, count) => script.up(memory, kk, row, prefix, count),
    down: (state, row, prefix, count, scale) => script.down(memory, state, row, prefix, count, scale),
  }
}
