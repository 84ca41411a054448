import { library } from '../../tsup.base.js'

export default library(['src/node.ts', 'src/portable.ts', 'src/keyfile.ts'])
