import type { Suite } from '../helpers.js'
import { aeadSuite } from './aead.js'
import { basicsSuite } from './basics.js'
import { boxSuite } from './box.js'
import { counterBoxSuite } from './counter-box.js'
import { ed25519Suite } from './ed25519.js'
import { fileSuite } from './file.js'
import { groupSuite } from './group.js'
import { hashSuite } from './hash.js'
import { proofSuite } from './proof.js'
import { sha256Suite } from './sha256.js'
import { verifySuite } from './verify.js'
import { x25519Suite } from './x25519.js'

/** Everything that a build must do, whatever it is made of. */
export function everySuite(crypto: Suite): void {
  const suites = [
    basicsSuite,
    hashSuite,
    sha256Suite,
    aeadSuite,
    boxSuite,
    counterBoxSuite,
    ed25519Suite,
    verifySuite,
    x25519Suite,
    fileSuite,
    groupSuite,
    proofSuite,
  ]
  for (const suite of suites) suite(crypto)
}
