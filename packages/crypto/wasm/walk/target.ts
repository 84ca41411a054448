/**
 * A language that the arithmetic is written out in. A value is one number in JavaScript and two numbers side by side in
 * WebAssembly; everything else about a formula is the same, so each stands in `formulas.ts` once.
 */
export interface Target {
  constant(value: number): string
  add(a: string, b: string): string
  sub(a: string, b: string): string
  mul(a: string, b: string): string
  /** Limb `limb` of the element at the address in the variable `base`. */
  load(base: string, limb: number): string
  /** Number `index` of the row at the address in `base`: one number, for both lanes. */
  loadShared(base: string, index: number): string
  store(base: string, limb: number, value: string): string
  /** A statement that names a value. */
  set(name: string, value: string): string
  get(name: string): string
}

/** Two doubles, `f64x2`, in the text format of WebAssembly. */
export class WasmTarget implements Target {
  /** Every name becomes a local of the function, and has to be declared there. */
  readonly names: Set<string> = new Set()
  readonly #constants: Map<number, string> = new Map()

  /** A local too: V8 makes four instructions of each constant that stands where it is used. */
  constant = (value: number): string => {
    const name = this.#constants.get(value) ?? `const_${this.#constants.size}`
    this.#constants.set(value, name)
    this.names.add(name)
    return this.get(name)
  }

  /** What has to stand in front of everything else. */
  get prologue(): string[] {
    return Array.from(this.#constants, ([value, name]) => this.set(name, `(v128.const f64x2 ${value} ${value})`))
  }

  add(a: string, b: string): string {
    return `(f64x2.add ${a} ${b})`
  }
  sub(a: string, b: string): string {
    return `(f64x2.sub ${a} ${b})`
  }
  mul(a: string, b: string): string {
    return `(f64x2.mul ${a} ${b})`
  }
  load(base: string, limb: number): string {
    return `(v128.load offset=${16 * limb} (local.get $${base}))`
  }
  loadShared(base: string, index: number): string {
    return `(v128.load64_splat offset=${8 * index} (local.get $${base}))`
  }
  store(base: string, limb: number, value: string): string {
    return `(v128.store offset=${16 * limb} (local.get $${base}) ${value})`
  }
  set(name: string, value: string): string {
    this.names.add(name)
    return `(local.set $${name} ${value})`
  }
  get(name: string): string {
    return `(local.get $${name})`
  }
}

/** Doubles in a `Float64Array` called `m`. */
export class ScriptTarget implements Target {
  constant(value: number): string {
    return value < 0 ? `(${value})` : String(value)
  }
  add(a: string, b: string): string {
    return `${a} + ${inner(b)}`
  }
  sub(a: string, b: string): string {
    return `${a} - ${inner(b)}`
  }
  mul(a: string, b: string): string {
    return `${inner(a)} * ${inner(b)}`
  }
  load(base: string, limb: number): string {
    return `(m[${base} + ${limb}] as number)`
  }
  loadShared(base: string, index: number): string {
    return this.load(base, index)
  }
  store(base: string, limb: number, value: string): string {
    return `m[${base} + ${limb}] = ${value}`
  }
  set(name: string, value: string): string {
    return `const ${name} = ${value}`
  }
  get(name: string): string {
    return name
  }
}

/** A sum needs brackets inside a product and behind a sign: sums of doubles depend on their order. */
function inner(expression: string): string {
  return / [+-] /.test(expression) && !/^\([^()]*(\[[^\]]*\][^()]*)?\)$/.test(expression)
    ? `(${expression})`
    : expression
}
