import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeBackup } from '../src/backup.js'
import { withFolder } from './support/open.js'

describe('writeBackup', () => {
  test('the file appears under its name when it is whole', async () => {
    await withFolder(async (folder) => {
      const target = join(folder, 'copy.db')
      await writeBackup(target, (path) => {
        expect(existsSync(target)).toBe(false)
        writeFileSync(path, 'the copy')
      })
      expect(readFileSync(target, 'utf8')).toBe('the copy')
    })
  })

  test('a copy that fails leaves nothing behind', async () => {
    await withFolder(async (folder) => {
      const target = join(folder, 'copy.db')
      const full = new Error('full')
      const backup = writeBackup(target, (path) => {
        writeFileSync(path, 'half of the co')
        throw full
      })
      await expect(backup).rejects.toBe(full)
      expect([existsSync(target), existsSync(`${target}.partial`)]).toEqual([false, false])
    })
  })

  test('what is there already stays', async () => {
    await withFolder(async (folder) => {
      const target = join(folder, 'copy.db')
      writeFileSync(target, 'precious')
      const backup = writeBackup(target, () => expect.unreachable())
      await expect(backup).rejects.toMatchObject({ code: 'exists' })
      expect(readFileSync(target, 'utf8')).toBe('precious')
    })
  })
})
