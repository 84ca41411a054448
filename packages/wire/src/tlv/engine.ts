import type { Fault } from './fault.js'

/**
 * What turns messages of one table into bytes and back: interpreted, or compiled for that table. The members are free
 * functions, so that a codec hands them on as they are.
 */
export interface Engine {
  /** @throws {WireError} when the value cannot be encoded. */
  readonly byteLength: (value: object) => number
  /** @throws {WireError} when the value cannot be encoded. */
  readonly encode: (value: object) => Uint8Array
  /** The same behind `headBytes` bytes of room. @throws {WireError} when the value cannot be encoded. */
  readonly encodeBehind: (value: object, headBytes: number) => Uint8Array
  /** Write at `offset`, return the offset behind. @throws {WireError} also when the room does not suffice. */
  readonly encodeInto: (value: object, target: Uint8Array, offset?: number) => number
  /** The message in `bytes` from `start` to `end`. @throws {WireError} */
  readonly decode: (bytes: Uint8Array, start?: number, end?: number) => object
  /** The same, or what is wrong with it. */
  readonly tryDecode: (bytes: Uint8Array, start: number, end: number) => object | Fault
}
