import { describe, test } from 'vitest'
import { storeChecks } from '../support/checks.js'

describe('libsql', () => {
  for (const { name, run } of storeChecks({ name: 'libsql' }, { kills: 20 })) test(name, { timeout: 90_000 }, run)
})
