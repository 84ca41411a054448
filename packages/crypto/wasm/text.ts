// The text format of WebAssembly, as far as both modules are written in it.

export interface Shape {
  /** Name and type, without the dollar sign. */
  readonly params?: readonly string[]
  /** Locals that are vectors. */
  readonly vectors?: Iterable<string>
  /** Other locals: name and type. */
  readonly numbers?: readonly string[]
  readonly result?: string
}

/** A function. `head` is its name, or what it is exported as. */
export function define(
  head: string,
  { params = [], vectors = [], numbers = [], result }: Shape,
  lines: readonly string[],
): string {
  const declarations = [
    ...params.map((param) => `(param $${param})`),
    ...(result === undefined ? [] : [`(result ${result})`]),
    ...Array.from(vectors, (name) => `(local $${name} v128)`),
    ...numbers.map((number) => `(local $${number})`),
  ]
  return `(func ${[head, ...declarations, ...lines].join('\n')})`
}

export const op = (name: string, ...values: readonly string[]): string => `(${[name, ...values].join(' ')})`
export const get = (name: string): string => op('local.get', `$${name}`)
export const set = (name: string, value: string): string => op('local.set', `$${name}`, value)
export const tee = (name: string, value: string): string => op('local.tee', `$${name}`, value)
export const call = (name: string, ...values: readonly string[]): string => op('call', `$${name}`, ...values)
export const i32 = (value: number): string => op('i32.const', String(value))

/** `lines` as long as `condition`, which is computed behind them, is not zero. */
export function loop(label: string, lines: readonly string[], condition: string): string {
  return op('loop', `$${label}`, ...lines, op('br_if', `$${label}`, condition))
}

/** `lines` unless `condition` is zero; else the other lines. */
export function when(condition: string, lines: readonly string[], otherwise?: readonly string[]): string {
  const branches = otherwise === undefined ? [lines] : [lines, otherwise]
  return op('if', condition, ...branches.map((branch, at) => op(at === 0 ? 'then' : 'else', ...branch)))
}
