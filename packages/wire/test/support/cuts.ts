import fc from 'fast-check'

/** Ways of cutting a stream: sizes of the chunks, taken in turn. */
export const cuts: fc.Arbitrary<readonly number[]> = fc.array(fc.integer({ min: 1, max: 400 }), {
  minLength: 1,
  maxLength: 20,
})

export function* chunks(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const end = Math.min(bytes.length, at + sizes[turn % sizes.length]!)
    // A copy that is spoilt when its turn is over: whoever keeps a view for too long is found out.
    const chunk = bytes.slice(at, end)
    yield chunk
    chunk.fill(0xee)
    at = end
  }
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}
