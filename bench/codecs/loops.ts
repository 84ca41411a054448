import type { Work } from '../lib/spin.js'
import type { Codec } from './messages.js'

// The loops around the codecs. V8 keeps what it learns about a call with the code that calls: with one loop for all,
// none would be fast, and the fastest would lose most. So every contender loads this module for itself (`loadLoops`).

/** Each value in turn; results are added up, so that none can be left out. */
export function encodeLoop<Value>(codec: Codec<Value>, values: readonly Value[]): Work {
  let next = 0
  return (count) => {
    let sum = 0
    for (let i = 0; i < count; i++) {
      sum += codec.encode(values[next]!).length
      next = next + 1 === values.length ? 0 : next + 1
    }
    return sum
  }
}

export function decodeLoop<Value>(codec: Pick<Codec<Value>, 'decode' | 'touch'>, encoded: readonly Uint8Array[]): Work {
  let next = 0
  return (count) => {
    let sum = 0
    for (let i = 0; i < count; i++) {
      sum += codec.touch(codec.decode(encoded[next]!))
      next = next + 1 === encoded.length ? 0 : next + 1
    }
    return sum
  }
}

export function roundTripLoop<Value>(codec: Codec<Value>, values: readonly Value[]): Work {
  let next = 0
  return (count) => {
    let sum = 0
    for (let i = 0; i < count; i++) {
      sum += codec.touch(codec.decode(codec.encode(values[next]!)))
      next = next + 1 === values.length ? 0 : next + 1
    }
    return sum
  }
}

/** Encode into memory that stays warm; `encodeInto` returns the end. */
export function encodeIntoLoop<Value>(
  encodeInto: (value: Value, target: Uint8Array, view: DataView) => number,
  values: readonly Value[],
): Work {
  const target = new Uint8Array(64 * 1024)
  const view = new DataView(target.buffer)
  let next = 0
  return (count) => {
    let sum = 0
    for (let i = 0; i < count; i++) {
      sum += encodeInto(values[next]!, target, view)
      next = next + 1 === values.length ? 0 : next + 1
    }
    return sum
  }
}
