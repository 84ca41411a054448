// The plain way of running a table: one loop over its rows. It defines what a codec does; where code may be generated,
// compile.ts makes something faster of the same table, and a test holds the two together.
import { WireError } from '../error.js'
import { newPiece } from '../slab.js'
import type { Engine } from './engine.js'
import { Fault } from './fault.js'
import type { FieldPlan } from './plan.js'
import { TlvScanner } from './scan.js'

type Values = Record<string, unknown>

export function interpretEngine(plans: readonly FieldPlan[]): Engine {
  const indexOfTag: ReadonlyMap<number, number> = new Map(plans.map((plan, index) => [plan.tag, index]))

  function byteLength(value: object): number {
    let size = 0
    for (const plan of plans) {
      for (const element of elements(plan, value)) size += plan.fieldByteLength(plan.byteLength(element))
    }
    return size
  }

  function write(value: object, target: Uint8Array, offset: number): number {
    let at = offset
    for (const plan of plans) {
      for (const element of elements(plan, value)) at = plan.write(target, at, element, plan.byteLength(element))
    }
    return at
  }

  function tryDecode(bytes: Uint8Array, start: number, end: number): object | Fault {
    const found: unknown[] = plans.map((plan) => (plan.repeated ? [] : undefined))
    const scanner = new TlvScanner(bytes, start, end)
    while (scanner.next()) {
      const index = indexOfTag.get(scanner.tag)
      if (index === undefined) continue
      const plan = plans[index]!
      const value = plan.read(bytes, scanner.start, scanner.end)
      if (!plan.repeated) found[index] = value
      else if (!(value instanceof Fault)) (found[index] as unknown[]).push(value)
    }
    if (scanner.fault !== undefined) return scanner.fault
    const message: Values = {}
    for (const [index, plan] of plans.entries()) {
      const value = found[index] ?? plan.missing()
      if (value instanceof Fault && !plan.optional) return value
      message[plan.name] = value instanceof Fault ? undefined : value
    }
    return message
  }

  return {
    tryDecode,
    byteLength,
    encode(value) {
      const target = newPiece(byteLength(value))
      write(value, target, 0)
      return target
    },
    encodeBehind(value, headBytes) {
      const target = newPiece(headBytes + byteLength(value))
      write(value, target, headBytes)
      return target
    },
    encodeInto(value, target, offset = 0) {
      checkRoom(target, offset + byteLength(value))
      return write(value, target, offset)
    },
    decode(bytes, start = 0, end = bytes.length) {
      const message = tryDecode(bytes, start, end)
      if (message instanceof Fault) throw message.toError()
      return message
    },
  }
}

/** The values that are to be written for a row. */
function elements(plan: FieldPlan, value: object): readonly unknown[] {
  const member = (value as Values)[plan.name]
  if (member === undefined) return plan.optional ? [] : plan.refuse(member)
  return plan.repeated ? (member as readonly unknown[]) : [member]
}

/** @throws {WireError} `out-of-range` unless `target` reaches to `end`. */
export function checkRoom(target: Uint8Array, end: number): void {
  if (end <= target.length) return
  throw new WireError('out-of-range', `target of ${target.length} bytes: ${end} needed for the message`)
}
