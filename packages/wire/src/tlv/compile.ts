// Code made for one table. The plain engine spends most of its time finding out, field by field, what to do; here that
// is settled once: values are read by name, offsets are constants as far as lengths are fixed, and integers and bytes
// are handled in place. Everything else goes through the same FieldPlan as in the plain engine. The text of the code is
// made of numbers and of field names checked to be plain identifiers, never of anything that came from a network.
import { readI64, readU16, readU32, readU64, write32, write64, writeU16 } from '../int.js'
import { newPiece } from '../slab.js'
import { varintByteLength, writeVarint } from '../varint.js'
import type { Engine } from './engine.js'
import { Fault } from './fault.js'
import { checkRoom } from './interpret.js'
import type { FieldPlan } from './plan.js'
import { lengthFault, scanLength, truncatedFault } from './scan.js'

/** What the generated code calls, under these names. */
const HELPERS = {
  Fault,
  checkRoom,
  lengthFault,
  newPiece,
  readI64,
  readU16,
  readU32,
  readU64,
  scanLength,
  truncatedFault,
  varintByteLength,
  write32,
  write64,
  writeU16,
  writeVarint,
}

/** Kinds that are handled in place: when a value cannot be encoded, how it is written, how it is read. */
const INLINE: Readonly<Record<string, { bad: string; write: string; read: string }>> = {
  u8: { bad: '(V & 255) !== V', write: 'target[AT] = V', read: 'bytes[S]' },
  flag: { bad: 'V === undefined', write: 'target[AT] = V ? 1 : 0', read: 'bytes[S] !== 0' },
  u16: { bad: '(V & 65535) !== V', write: 'writeU16(target, AT, V)', read: 'readU16(bytes, S)' },
  u32: { bad: 'V >>> 0 !== V', write: 'write32(target, AT, V)', read: 'readU32(bytes, S)' },
  u64: {
    bad: "typeof V !== 'bigint' || V < 0n || V >= 0x10000000000000000n",
    write: 'write64(target, AT, V)',
    read: 'readU64(bytes, S)',
  },
  i64: {
    bad: "typeof V !== 'bigint' || V < -0x8000000000000000n || V >= 0x8000000000000000n",
    write: 'write64(target, AT, V)',
    read: 'readI64(bytes, S)',
  },
}

/** @throws {EvalError} where a content security policy forbids code made of text. */
export function compileEngine(plans: readonly FieldPlan[]): Engine {
  const measure = measureSource(plans)
  const write = writeSource(plans)
  const source = `const tryDecode = (bytes, start, end) => {
${decodeSource(plans)}
}
return {
tryDecode,
byteLength: (value) => {
${measure}
return size
},
encode: (value) => {
${measure}
const target = newPiece(size), offset = 0
${write.body}
return target
},
encodeBehind: (value, offset) => {
${measure}
const target = newPiece(offset + size)
${write.body}
return target
},
encodeInto: (value, target, offset = 0) => {
${measure}
checkRoom(target, offset + size)
${write.body}
return ${write.end}
},
decode: (bytes, start = 0, end = bytes.length) => {
const message = tryDecode(bytes, start, end)
if (message instanceof Fault) throw message.toError()
return message
} }`
  return new Function('plans', ...Object.keys(HELPERS), source)(plans, ...Object.values(HELPERS)) as Engine
}

/** Declares `v0`, `v1` … (the values), `n1` … (their lengths, where not fixed) and `size`. */
function measureSource(plans: readonly FieldPlan[]): string {
  let fixed = 0
  const lines = plans.map((plan, index) => {
    const value = `v${index}`
    const refuse = `plans[${index}].refuse(${value})`
    const get = `const ${value} = value.${plan.name}`
    if (plan.repeated) {
      const sum = `for (const e of ${value}) size += plans[${index}].fieldByteLength(plans[${index}].byteLength(e))`
      return plan.optional
        ? `${get}; if (${value} !== undefined) ${sum}`
        : `${get}; if (${value} === undefined) ${refuse}\n${sum}`
    }
    if (plan.optional) {
      return `${get}; let n${index} = 0
if (${value} !== undefined) { n${index} = plans[${index}].byteLength(${value}); size += plans[${index}].fieldByteLength(n${index}) }`
    }
    const inline = INLINE[plan.type]
    if (inline !== undefined || isShortFixed(plan)) {
      fixed += 2 + plan.sizeBytes
      const bad = inline?.bad ?? `V === undefined || V.length !== ${plan.sizeBytes}`
      return `${get}; if (${bad.replaceAll('V', value)}) ${refuse}`
    }
    fixed += 2
    const length =
      plan.type === 'bytes' && plan.sizeBytes < 0 ? `${value}.length` : `plans[${index}].byteLength(${value})`
    return `${get}; if (${value} === undefined) ${refuse}
const n${index} = ${length}; size += n${index} < 128 ? n${index} : n${index} + varintByteLength(n${index}) - 1`
  })
  return `let size = ${fixed}\n${lines.join('\n')}`
}

/** Statements that write what {@link measureSource} declared, and an expression for the offset behind it. */
function writeSource(plans: readonly FieldPlan[]): { readonly body: string; readonly end: string } {
  const lines = ['let at = offset']
  /** Bytes from `at` to the next field: known here, so they need not be added up there. */
  let ahead = 0
  for (const [index, plan] of plans.entries()) {
    const value = `v${index}`
    if (plan.repeated || plan.optional) {
      lines.push(`at += ${ahead}`)
      ahead = 0
      const write = plan.repeated
        ? `for (const e of ${value}) at = plans[${index}].write(target, at, e, plans[${index}].byteLength(e))`
        : `at = plans[${index}].write(target, at, ${value}, n${index})`
      lines.push(plan.optional ? `if (${value} !== undefined) ${write}` : write)
      continue
    }
    const inline = INLINE[plan.type]
    if (inline !== undefined || isShortFixed(plan)) {
      lines.push(`target[at + ${ahead}] = ${plan.tag}; target[at + ${ahead + 1}] = ${plan.sizeBytes}`)
      const write = inline?.write ?? 'target.set(V, AT)'
      lines.push(write.replaceAll('V', value).replaceAll('AT', `at + ${ahead + 2}`))
      ahead += 2 + plan.sizeBytes
    } else if (plan.type === 'bytes') {
      lines.push(`target[at + ${ahead}] = ${plan.tag}
if (n${index} < 128) { target[at + ${ahead + 1}] = n${index}; at += ${ahead + 2} }
else at = writeVarint(n${index}, target, at + ${ahead + 1})
target.set(${value}, at); at += n${index}`)
      ahead = 0
    } else {
      lines.push(`at = plans[${index}].write(target, at + ${ahead}, ${value}, n${index})`)
      ahead = 0
    }
  }
  return { body: lines.join('\n'), end: `at + ${ahead}` }
}

/**
 * One pass that notes where values are (`s0` …: the offset, -1 not there, below that -2 - length: wrong length; `e0` …:
 * the end, where not fixed), then all values in the order of the table.
 */
function decodeSource(plans: readonly FieldPlan[]): string {
  const declarations = plans.map((plan, index) => {
    if (plan.repeated) return `const v${index} = []`
    return plan.sizeBytes < 0 ? `let s${index} = -1, e${index} = 0` : `let s${index} = -1`
  })
  const cases = plans.map((plan, index) => {
    if (plan.repeated) {
      const read = `const x = plans[${index}].read(bytes, at, at + length)`
      return `case ${plan.tag}: { ${read}; if (!(x instanceof Fault)) v${index}.push(x); break }`
    }
    if (plan.sizeBytes < 0) return `case ${plan.tag}: s${index} = at; e${index} = at + length; break`
    return `case ${plan.tag}: s${index} = length === ${plan.sizeBytes} ? at : -2 - length; break`
  })
  const values = plans.map(valueSource).filter((line) => line !== '')
  const members = plans.map((plan, index) => `${plan.name}: v${index}`)
  return `${declarations.join('\n')}
let at = start
while (at < end) {
const tag = bytes[at]
let length = at + 1 < end ? bytes[at + 1] : 128
if (length < 128) at += 2
else {
const scanned = scanLength(bytes, at + 1, end)
if (scanned < 0) return lengthFault(tag)
length = scanned >>> 3; at += 1 + (scanned & 7)
}
if (length > end - at) return truncatedFault(tag, length, end - at)
switch (tag) {
${cases.join('\n')}
}
at += length
}
const buffer = bytes.buffer, base = bytes.byteOffset
${values.join('\n')}
return { ${members.join(', ')} }`
}

/** Declares the value `v0` …, or returns the fault of a required field. */
function valueSource(plan: FieldPlan, index: number): string {
  if (plan.repeated) return ''
  const start = `s${index}`
  const end = plan.sizeBytes < 0 ? `e${index}` : `${start} + ${plan.sizeBytes}`
  const fault =
    plan.sizeBytes < 0
      ? `plans[${index}].missing()`
      : `${start} === -1 ? plans[${index}].missing() : plans[${index}].wrongSize(-2 - ${start})`
  const inline = INLINE[plan.type]?.read.replaceAll('S', start)
  const bytes = plan.type === 'bytes' ? `new Uint8Array(buffer, base + ${start}, ${end} - ${start})` : undefined
  const read = inline ?? bytes
  if (read !== undefined) {
    if (plan.optional) return `const v${index} = ${start} < 0 ? undefined : ${read}`
    return `if (${start} < 0) return ${fault}\nconst v${index} = ${read}`
  }
  const call = `plans[${index}].read(bytes, ${start}, ${end})`
  if (!plan.optional) {
    return `if (${start} < 0) return ${fault}\nconst v${index} = ${call}\nif (v${index} instanceof Fault) return v${index}`
  }
  return `let v${index}\nif (${start} >= 0) { v${index} = ${call}; if (v${index} instanceof Fault) v${index} = undefined }`
}

/** Bytes of a fixed length that one byte can say. */
function isShortFixed(plan: FieldPlan): boolean {
  return plan.type === 'bytes' && plan.sizeBytes >= 0 && plan.sizeBytes < 128
}
