import { library } from '../../tsup.base.js'

export default library([
  'src/node.ts',
  'src/portable.ts',
  'src/keyfile.ts',
  'src/rsa/node.ts',
  'src/rsa/portable.ts',
  'src/passphrase.ts',
  'src/webcrypto.ts',
])
