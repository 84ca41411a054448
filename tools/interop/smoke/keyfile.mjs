// A key file is written once, found again, and never overwritten.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadOrCreateKeyFile, readKeyFile, writeKeyFile } from '@mimirjs/crypto/keyfile'

const folder = mkdtempSync(join(tmpdir(), 'mimirjs-smoke-'))
try {
  const path = join(folder, 'identity.key')
  const { seed, created } = loadOrCreateKeyFile(path)
  assert.equal(created, true)
  assert.equal(loadOrCreateKeyFile(path).created, false)
  assert.deepEqual(readKeyFile(path), seed)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.throws(() => writeKeyFile(path, seed), { name: 'CryptoError', code: 'key-file-exists' })
  assert.deepEqual(readdirSync(folder), ['identity.key'])
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log('one key file')
