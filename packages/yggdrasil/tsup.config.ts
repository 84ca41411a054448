import { library } from '../../tsup.base.js'

export default library(['src/node.ts', 'src/browser.ts', 'src/wire/index.ts', 'src/testing/index.ts'])
