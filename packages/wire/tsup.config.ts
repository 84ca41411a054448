import { library } from '../../tsup.base.js'

export default library([
  'src/index.ts',
  'src/tlv/index.ts',
  'src/peer/index.ts',
  'src/content/index.ts',
  'src/tracker/index.ts',
  'src/files/index.ts',
  'src/mediator/index.ts',
  'src/multicast/index.ts',
  'src/link/index.ts',
  'src/rendezvous/index.ts',
])
