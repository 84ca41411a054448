import type { Generation } from '@mimirjs/wire'
import type { Shape } from './shape.js'

/** One codec under its id. `Input` is bytes, or text for codecs of text. */
interface Row<Input> {
  /** What the members of its values are. */
  readonly shape: Shape
  /** @throws {WireError} and nothing else */
  readonly decode: (input: Input) => unknown
  /** @throws {WireError} for a value that cannot be encoded */
  readonly encode: (value: never, generation: Generation) => Input
}

export type BytesCodec = Row<Uint8Array> & { readonly input?: 'hex' }
export type TextCodec = Row<string> & { readonly input: 'text' }
export type ConformanceCodec = BytesCodec | TextCodec

/** Codecs by id: what `pnpm conformance --list` prints. */
export type CodecTable = Readonly<Record<string, ConformanceCodec>>
