// What the root commands run first: it installs what is missing, and takes no time when nothing is. `all` is for those
// that run every test: it also compiles native code, which takes a minute.
import './lib/node-version.mjs'
import { install, prepare } from './lib/prepare.mjs'

await prepare(() => install(process.argv[2] === 'all' ? 'all' : 'commands'))
