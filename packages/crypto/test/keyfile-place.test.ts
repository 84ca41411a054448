import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { placeNewFile } from '../src/keyfile/place.js'

const content = Uint8Array.of(1, 2, 3)
let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mimirjs-place-'))
  path = join(folder, 'file')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** What the system says on a file system of this kind. */
function failing(code: string): () => never {
  return () => {
    throw Object.assign(new Error(code), { code })
  }
}

describe('where there are no hard links', () => {
  test.each(['EPERM', 'ENOSYS', 'ENOTSUP', 'EACCES'])('%s: the file is written in place', (code) => {
    placeNewFile(path, content, failing(code))
    expect(new Uint8Array(readFileSync(path))).toEqual(content)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['file'])
  })

  test('a file that is there is left as it is', () => {
    writeFileSync(path, 'mine')
    expect(() => placeNewFile(path, content, failing('EPERM'))).toThrow('EEXIST')
    expect(readFileSync(path, 'utf8')).toBe('mine')
    expect(readdirSync(folder)).toEqual(['file'])
  })
})

test('any other failure leaves nothing behind', () => {
  expect(() => placeNewFile(path, content, failing('EIO'))).toThrow('EIO')
  expect(readdirSync(folder)).toEqual([])
})
