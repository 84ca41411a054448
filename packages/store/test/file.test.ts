import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MEMORY, prepareFile } from '../src/file.js'
import { withFolder } from './support/open.js'

describe('prepareFile', () => {
  test('memory is no file', () => {
    expect(prepareFile(MEMORY)).toBe(':memory:')
    expect(existsSync(':memory:')).toBe(false)
  })

  test('makes a private file, and leaves one that is there as it is', async () => {
    await withFolder((folder) => {
      const path = join(folder, 'a.db')
      expect(prepareFile(path)).toBe(path)
      if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
      writeFileSync(path, 'content')
      chmodSync(path, 0o640)
      prepareFile(path)
      expect(statSync(path)).toMatchObject({ size: 7 })
      if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o640)
    })
  })

  test('says what is wrong with a place', async () => {
    await withFolder((folder) => {
      const file = join(folder, 'file')
      writeFileSync(file, '')
      expect(() => prepareFile(folder)).toThrow(expect.objectContaining({ code: 'foreign' }))
      for (const path of [join(folder, 'none', 'a.db'), join(file, 'a.db')]) {
        expect(() => prepareFile(path)).toThrow(expect.objectContaining({ code: 'denied' }))
      }
    })
  })
})
