import fc from 'fast-check'

/** Bytes near `seeds`: bits flipped, cut off, cut out, doubled, spliced with another seed. */
export function mutated(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(4), fc.nat(), fc.nat(), fc.nat(255))
  return fc
    .tuple(fc.constantFrom(...seeds), fc.constantFrom(...seeds), fc.array(change, { maxLength: 4 }))
    .map(([seed, other, changes]) => {
      let bytes = [...seed]
      for (const [kind, first, second, byte] of changes) {
        const at = first % (bytes.length + 1)
        const to = second % (bytes.length + 1)
        if (kind === 0 && at < bytes.length) bytes[at]! ^= 1 << (byte % 8)
        else if (kind === 1) bytes = bytes.slice(0, at)
        else if (kind === 2) bytes.splice(at, 4, byte, byte)
        else if (kind === 3) bytes = [...bytes.slice(0, at), ...bytes.slice(Math.min(at, to))]
        else bytes = [...bytes.slice(0, at), ...[...other].slice(second % (other.length + 1))]
      }
      return Uint8Array.from(bytes)
    })
}
