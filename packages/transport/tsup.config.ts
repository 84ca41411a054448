import { library } from '../../tsup.base.js'

export default library([
  'src/index.ts',
  'src/tcp.ts',
  'src/udp.ts',
  'src/memory.ts',
  'src/testing/index.ts',
  'src/ws/index.ts',
  'src/ws/browser.ts',
])
