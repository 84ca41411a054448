// The store's checks on node:sqlite as a plain program, for a Node other than the one that runs the tests.
import { storeChecks } from '../../../packages/store/test/support/checks.js'

let passed = 0
let failed = 0
for (const { name, run } of storeChecks({ name: 'node:sqlite' })) {
  try {
    await run()
    passed++
  } catch (error) {
    failed++
    console.log(`failed: ${name}\n${error instanceof Error ? error.stack : String(error)}`)
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
