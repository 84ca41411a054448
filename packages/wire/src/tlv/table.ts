/** Kinds of plain values and what they are in TypeScript; numbers are big-endian on the wire. */
export interface TlvKinds {
  u8: number
  u16: number
  u32: number
  u64: bigint
  i64: bigint
  /** One byte; any but 0 reads as true. */
  flag: boolean
  bytes: Uint8Array
  /** Strict UTF-8: other bytes make the field invalid. */
  utf8: string
  /** UTF-8, read with bad bytes replaced. */
  text: string
}

interface TlvFieldOptions {
  /** 0 to 255. */
  readonly tag: number
  /** The value may be missing; one that is there but invalid counts as missing. */
  readonly optional?: true
  /** A list: every occurrence of the tag, in order, invalid ones left out. It is never missing, only empty. */
  readonly repeated?: true
}

/** One row: a plain value (`sizeBytes` fixes the length of `bytes`), or a message inside the message. */
export type TlvField = TlvFieldOptions &
  (
    | { readonly type: keyof TlvKinds; readonly sizeBytes?: number }
    | { readonly type: 'nested'; readonly table: TlvTable }
  )

/** The fields of a message, in the order in which they are written. */
export interface TlvTable {
  readonly [name: string]: TlvField
}

type ElementOf<F extends TlvField> = F extends { readonly table: infer T extends TlvTable }
  ? TlvValue<T>
  : F extends { readonly type: infer K extends keyof TlvKinds }
    ? TlvKinds[K]
    : never

type ValueOf<F extends TlvField> = F extends { readonly repeated: true } ? readonly ElementOf<F>[] : ElementOf<F>

type OptionalName<T extends TlvTable> = {
  [N in keyof T]: T[N] extends { readonly optional: true } ? N : never
}[keyof T]

/** The message that a table describes. */
export type TlvValue<T extends TlvTable> = {
  readonly [N in Exclude<keyof T, OptionalName<T>>]: ValueOf<T[N]>
} & {
  readonly [N in OptionalName<T>]?: ValueOf<T[N]> | undefined
}
