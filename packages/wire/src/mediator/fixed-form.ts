import { isWireError } from '../error.js'
import { BinaryLayout } from './binary-layout.js'
import type { Layout, Values } from './layout.js'
import type { FieldRow, MessageRow } from './table.js'

type FixedForm = NonNullable<MessageRow['fixedForm']>

/** A TLV layout that also reads the one message which servers of its dialect send in the fixed layout. */
export class FixedFormLayout implements Layout {
  readonly #layout: Layout
  readonly #fixed: Layout
  readonly #form: FixedForm

  constructor(layout: Layout, fields: readonly FieldRow[], form: FixedForm) {
    this.#layout = layout
    // What the fixed layout leaves out reads as it does when a TLV payload leaves it out.
    this.#fixed = new BinaryLayout(fields.map((row) => (row.binary === 'absent' ? { ...row, binary: 'zero' } : row)))
    this.#form = form
  }

  byteLength(value: object): number {
    return this.#layout.byteLength(value)
  }

  encodeBehind(value: object, headBytes: number): Uint8Array {
    return this.#layout.encodeBehind(value, headBytes)
  }

  encodeInto(value: object, target: Uint8Array, at: number): number {
    return this.#layout.encodeInto(value, target, at)
  }

  decode(payload: Uint8Array): Values {
    if (payload.length !== this.#form.sizeBytes) return this.#layout.decode(payload)
    try {
      return this.#layout.decode(payload)
    } catch (error) {
      const value = isWireError(error) ? this.#decodeFixed(payload) : undefined
      if (value === undefined) throw error
      return value
    }
  }

  #decodeFixed(payload: Uint8Array): Values | undefined {
    try {
      const value = this.#fixed.decode(payload)
      return this.#form.accepts(value) ? value : undefined
    } catch {
      return undefined
    }
  }
}
