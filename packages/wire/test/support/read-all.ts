import { FrameReader, type PeerFrame } from '../../src/peer/index.js'
import { chunks } from './cuts.js'
import { codeOf } from './errors.js'

/** Everything a reader says about a stream cut so: frames, then the code of the error that ended it. */
export function readAll(bytes: Uint8Array, sizes: readonly number[], reader = new FrameReader()): unknown[] {
  const said: unknown[] = []
  const code = codeOf(() => {
    for (const chunk of chunks(bytes, sizes)) {
      reader.push(chunk)
      for (let frame: PeerFrame | undefined; (frame = reader.next()); ) said.push(structuredClone(frame))
    }
    reader.end()
  })
  return code === undefined ? said : [...said, code]
}
