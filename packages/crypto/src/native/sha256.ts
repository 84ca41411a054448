import { createHash } from 'node:crypto'
import type * as portable from '../portable/sha256.js'
import { Sha256Stream } from '../sha256-stream.js'
import { plain } from './plain.js'

export const createSha256: typeof portable.createSha256 = () => {
  const hash = createHash('sha256')
  return new Sha256Stream({ update: (piece) => hash.update(piece), digest: () => plain(hash.digest()) })
}
