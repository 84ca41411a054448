// A process that opens a store and keeps it, or says why it cannot.
import { openSqliteStore } from '../../src/index.js'

try {
  openSqliteStore(process.argv[2]!, { durability: process.argv[3] === 'process' ? 'process' : 'power' })
  process.stdout.write('open\n')
  setInterval(() => {}, 1_000_000)
} catch (error) {
  process.stdout.write(`failed ${(error as { code?: string }).code}\n`)
}
