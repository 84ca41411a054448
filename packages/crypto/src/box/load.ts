import { moduleBytes, type SynchronousWebAssemblyApi, webAssembly } from '../web-assembly.js'
import type { BoxEngine } from './engine.js'
import { BOX_WASM } from './generated/box-wasm.js'
import { scriptEngine } from './script.js'
import { type BoxExports, WasmBoxEngine } from './wasm.js'

/** Chooses the engine, when it is first asked for. */
export class BoxEngines {
  readonly #api: SynchronousWebAssemblyApi | undefined
  #chosen: BoxEngine | undefined

  /** @param api - for tests; `undefined` is a runtime without WebAssembly */
  constructor(api: SynchronousWebAssemblyApi | undefined) {
    this.#api = api
  }

  get current(): BoxEngine {
    this.#chosen ??= this.#choose()
    return this.#chosen
  }

  #choose(): BoxEngine {
    const api = this.#api
    if (api === undefined || !isLittleEndian()) return scriptEngine
    const bytes = moduleBytes(BOX_WASM)
    try {
      if (!api.validate(bytes)) return scriptEngine
      return new WasmBoxEngine(new api.Instance(new api.Module(bytes)).exports as BoxExports)
    } catch {
      // Chromium before 2023 compiles more than 4 KiB at once only in workers. If a page forbids to compile at all, by its
      // Content-Security-Policy, this fails as well.
      this.#compileLater(api, bytes)
      return scriptEngine
    }
  }

  #compileLater(api: SynchronousWebAssemblyApi, bytes: Uint8Array): void {
    api
      .compile(bytes)
      .then((module) => api.instantiate(module))
      .then(
        ({ exports }) => {
          this.#chosen = new WasmBoxEngine(exports as BoxExports)
        },
        () => undefined,
      )
  }
}

/** The memory of a module is little-endian; typed arrays are what the machine is. */
function isLittleEndian(): boolean {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
}

/** Made late, so that bundles of programs that have no use for a box do not hold it. */
let engines: BoxEngines | undefined

/** The fastest engine of this runtime. It may change once: boxes that were made before keep theirs. */
export function boxEngine(): BoxEngine {
  engines ??= new BoxEngines(webAssembly())
  return engines.current
}
