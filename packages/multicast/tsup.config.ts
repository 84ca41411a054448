import { library } from '../../tsup.base.js'

export default library(['src/index.ts', 'src/udp.ts', 'src/testing/index.ts'])
