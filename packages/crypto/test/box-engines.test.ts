// Both engines of the box against @noble/ciphers, which engine is taken where, and what it leaves behind.
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import { describe, expect, test } from 'vitest'
import { SECRET_BYTES, TEXT } from '../src/box/layout.js'
import { BoxEngines, boxEngine } from '../src/box/load.js'
import { scriptEngine } from '../src/box/script.js'
import { WasmBoxEngine } from '../src/box/wasm.js'
import { COUNTER_BOX_MAX_BYTES } from '../src/lengths.js'
import { nextTurn } from '../src/proof/turn.js'
import { type SynchronousWebAssemblyApi, webAssembly } from '../src/web-assembly.js'
import { hex, SeededBytes, toHex } from './helpers.js'

const NOTHING = new Uint8Array(0)
const real = webAssembly() as SynchronousWebAssemblyApi

function wasmEngine(): WasmBoxEngine {
  const engine = new BoxEngines(real).current
  if (!(engine instanceof WasmBoxEngine)) throw new TypeError('expected the engine of this runtime to be WebAssembly')
  return engine
}

/** Lengths at the edges of blocks of both parts, and of a pass of five blocks. */
const LENGTHS = [
  ...Array.from({ length: 301 }, (_, length) => length),
  ...[319, 320, 321, 511, 512, 513, 607, 608, 609, 927, 928, 929, 1_023, 1_024, 1_025, 1_399, 1_400, 65_535, 65_536],
  ...[131_039, 131_040, 131_041, 131_070, COUNTER_BOX_MAX_BYTES],
]

describe.each([
  ['wasm-simd', wasmEngine()],
  ['js', scriptEngine],
])('the engine %s', (name, engine) => {
  const random = new SeededBytes(21)
  const long = random.bytes(140_000)
  const key = random.bytes(32)
  const box = engine.counterBox(key)

  test('is what it is called', () => expect(engine.name).toBe(name))

  test.each(LENGTHS)('%s bytes', (length) => {
    const plaintext = long.subarray(0, length)
    const counter = BigInt(random.below(2 ** 30)) ** 2n
    const nonce = hex(counter.toString(16).padStart(48, '0'))
    const expected = xsalsa20poly1305(key, nonce).encrypt(plaintext)
    const out = new Uint8Array(length + 16)
    const at = Math.min(length, 32)
    box.sealInto(out, 0, counter, plaintext.subarray(0, at), plaintext.subarray(at))
    expect(sameBytes(out, expected)).toBe(true)
    expect(sameBytes(box.open(counter, expected) as Uint8Array, plaintext)).toBe(true)
  })

  test('any key, nonce and length', () => {
    for (let round = 0; round < 60; round++) {
      const [someKey, nonce] = [random.bytes(32), random.bytes(24)]
      const length = random.below([200, 2_000, 131_071][round % 3] as number)
      const plaintext = long.subarray(random.below(5), 5 + length)
      const expected = xsalsa20poly1305(someKey, nonce).encrypt(plaintext)
      const sealed = engine.seal(someKey, nonce, plaintext)
      expect(sameBytes(sealed, expected)).toBe(true)
      expect(sameBytes(engine.open(someKey, nonce, sealed) as Uint8Array, plaintext)).toBe(true)
      expect(engine.open(someKey, random.flipped(nonce), sealed)).toBeUndefined()
    }
  })

  test('what is longer than any packet', () => {
    const plaintext = new Uint8Array(300_000).fill(7)
    const sealed = engine.seal(key, new Uint8Array(24), plaintext)
    expect(sameBytes(sealed, xsalsa20poly1305(key, new Uint8Array(24)).encrypt(plaintext))).toBe(true)
    expect(engine.open(key, new Uint8Array(24), sealed)).toEqual(plaintext)
    sealed[0] = (sealed[0] as number) ^ 1
    expect(engine.open(key, new Uint8Array(24), sealed)).toBeUndefined()
  })
})

describe('the memory of the module', () => {
  const engine = wasmEngine()
  const key = new Uint8Array(32).fill(0x5a)
  const plaintext = new Uint8Array(200).fill(0xc3)
  const box = engine.counterBox(key)
  const sealed = new Uint8Array(216)
  box.sealInto(sealed, 0, 1n, NOTHING, plaintext)

  function expectClean(): void {
    expect(engine.bytes.subarray(0, SECRET_BYTES).every((byte) => byte === 0)).toBe(true)
    expect(toHex(engine.bytes)).not.toContain(toHex(plaintext.subarray(0, 16)))
  }

  test('holds no key and no plaintext behind a call', () => {
    expectClean()
    box.sealInto(new Uint8Array(216), 0, 3n, NOTHING, plaintext)
    expectClean()
    expect(engine.open(key, new Uint8Array(24), engine.seal(key, new Uint8Array(24), plaintext))).toEqual(plaintext)
    expectClean()
    expect(box.open(2n, sealed)).toBeUndefined()
    expectClean()
  })

  test.each<[string, () => unknown]>([
    ['sealing less', () => box.sealInto(new Uint8Array(20), 0, 2n, NOTHING, new Uint8Array(4))],
    ['opening nothing', () => box.open(3n, new Uint8Array(16))],
    ['a box of another kind', () => engine.seal(key, new Uint8Array(24), NOTHING)],
    ['forgetting the key', () => engine.counterBox(key).wipe()],
  ])('holds what was opened until the next call: %s', (_, next) => {
    const opened = box.open(1n, sealed) as Uint8Array
    expect(opened).toEqual(plaintext)
    expect(opened.byteOffset).toBe(TEXT)
    next()
    expectClean()
  })
})

describe('what is chosen', () => {
  test('WebAssembly, once', () => {
    const engines = new BoxEngines(real)
    expect(engines.current.name).toBe('wasm-simd')
    expect(engines.current).toBe(engines.current)
    expect(boxEngine().name).toBe('wasm-simd')
  })

  const api = (lack: Partial<SynchronousWebAssemblyApi>): SynchronousWebAssemblyApi => ({
    validate: (bytes) => real.validate(bytes),
    compile: (bytes) => real.compile(bytes),
    instantiate: (module) => real.instantiate(module),
    Module: real.Module,
    Instance: real.Instance,
    ...lack,
  })
  const forbidden = class {
    constructor() {
      throw new EvalError('a Content-Security-Policy without wasm-unsafe-eval')
    }
  } as unknown as SynchronousWebAssemblyApi['Module']

  test('JavaScript where there is no WebAssembly, or none with SIMD', () => {
    expect(new BoxEngines(undefined).current.name).toBe('js')
    expect(new BoxEngines(api({ validate: () => false })).current.name).toBe('js')
  })

  test('JavaScript for good where a page forbids to compile', async () => {
    const refused = Promise.reject(new EvalError('a Content-Security-Policy without wasm-unsafe-eval'))
    const engines = new BoxEngines(api({ Module: forbidden, compile: () => refused }))
    expect(engines.current.name).toBe('js')
    await expect(refused).rejects.toThrow('Content-Security-Policy')
    await nextTurn()
    expect(engines.current.name).toBe('js')
  })

  test('JavaScript until it is compiled, where that cannot be done at once', async () => {
    const engines = new BoxEngines(api({ Module: forbidden }))
    const first = engines.current
    expect(first.name).toBe('js')
    await expect.poll(() => engines.current.name).toBe('wasm-simd')
    // Boxes from before go on.
    const [before, after] = [first, engines.current].map((engine) => engine.counterBox(new Uint8Array(32)))
    const out = new Uint8Array(19)
    before?.sealInto(out, 0, 4n, NOTHING, hex('010203'))
    expect(after?.open(4n, out)).toEqual(hex('010203'))
  })
})

/** `toEqual` takes seconds for long arrays. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
