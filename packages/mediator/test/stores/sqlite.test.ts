import { openSqliteStore } from '../../src/index.js'
import { storeSuite } from './suite.js'

storeSuite('SQLite in memory', async () => {
  const store = openSqliteStore(':memory:')
  return { store, done: () => store.close() }
})
