// `npm start -- web`: the page and a rendezvous server on one port. With --json it needs no person and no browser.
import { fileURLToPath } from 'node:url'
import { run } from './run.js'
import { untilStopped } from './stop.js'

process.exitCode = await run(process.argv.slice(2), {
  untilStopped,
  folder: fileURLToPath(new URL('page', import.meta.url)),
})
