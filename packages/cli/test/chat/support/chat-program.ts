// `mimir` as its own process whose clock on the wall stands still, so that screens can be compared, and which breaks when
// it is told to.
import { main } from '../../../src/main.js'

process.on('SIGUSR1', () => {
  throw new Error('broken on purpose')
})
await main({ times: { clock: () => '12:00', day: () => '2026-03-01', left: () => 'soon' } })
