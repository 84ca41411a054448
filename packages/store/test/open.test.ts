import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openDatabase } from '../src/index.js'
import { APPLICATION_ID, open, withFolder } from './support/open.js'
import { startChild } from './support/process.js'

const cwd = process.cwd()
afterEach(() => process.chdir(cwd))

describe('openDatabase', () => {
  test.each([0, -1, 1.5, 2 ** 31, Number.NaN])('applicationId %d is refused', (applicationId) => {
    expect(() => openDatabase(':memory:', { applicationId, migrations: [] })).toThrow(RangeError)
  })

  test('paths that are none are refused', () => {
    for (const path of ['', 'a\0b']) expect(() => open(path)).toThrow(TypeError)
  })

  test('a relative path is a path, whatever it looks like', async () => {
    await withFolder((folder) => {
      process.chdir(folder)
      for (const path of ['a.db', 'file:b.db?mode=ro', 'ws:c.db']) {
        open(path, { migrations: ['CREATE TABLE t (a)'] }).close()
        expect(existsSync(join(folder, path))).toBe(true)
      }
      process.chdir(cwd)
    })
  })

  test('a link leads to its file', async () => {
    await withFolder((folder) => {
      symlinkSync(join(folder, 'real.db'), join(folder, 'link.db'))
      open(join(folder, 'link.db'), { migrations: ['CREATE TABLE t (a)'] }).close()
      open(join(folder, 'real.db'), { migrations: ['CREATE TABLE t (a)'] }).close()
    })
  })

  test('a pipe is refused, not waited for', async () => {
    await withFolder((folder) => {
      const path = join(folder, 'pipe.db')
      execFileSync('mkfifo', [path])
      expect(() => open(path)).toThrow(expect.objectContaining({ code: 'foreign' }))
    })
  })

  test('a file or folder that may not be written: denied or read-only, and nothing is changed', async () => {
    await withFolder(async (folder) => {
      // The superuser may write everything: let somebody else try.
      const uid = process.getuid?.() === 0 ? 65_534 : undefined
      const own = (path: string): void => {
        if (uid !== undefined) chownSync(path, uid, uid)
      }
      const tryOpen = async (path: string): Promise<string> => {
        const child = startChild({ task: 'open', path, driver: 'libsql', ...(uid !== undefined && { uid }) })
        const line = await child.line()
        await child.kill()
        return line ?? 'nothing'
      }
      chmodSync(folder, 0o755)
      const locked = join(folder, 'locked')
      mkdirSync(locked)
      open(join(locked, 'a.db'), { migrations: ['CREATE TABLE t (a)'] }).close()
      own(join(locked, 'a.db'))
      chmodSync(locked, 0o555)
      expect(await tryOpen(join(locked, 'new.db'))).toMatch(/^failed denied: .*permission denied/i)
      // The file may be written, but its log cannot be made beside it.
      expect(await tryOpen(join(locked, 'a.db'))).toMatch(/^failed (denied|read-only)/)
      chmodSync(locked, 0o755)
      const fixed = join(folder, 'fixed.db')
      open(fixed, { migrations: ['CREATE TABLE t (a)'] }).close()
      own(fixed)
      chmodSync(fixed, 0o444)
      const before = readFileSync(fixed)
      expect(await tryOpen(fixed)).toMatch(/^failed (denied|read-only)/)
      expect(readFileSync(fixed)).toEqual(before)
    })
  })

  test('a file that a crash left empty, or without tables, is new', async () => {
    await withFolder((folder) => {
      const path = join(folder, 'a.db')
      writeFileSync(path, '')
      const db = open(path)
      db.exec('PRAGMA application_id = 0')
      db.close()
      open(path, { migrations: ['CREATE TABLE t (a)'] }).close()
    })
  })

  test('a migration that fails leaves no file that is half ours', async () => {
    await withFolder((folder) => {
      const path = join(folder, 'a.db')
      expect(() => open(path, { migrations: ['CREATE TABLE t (a); CREATE TABLE t (a)'] })).toThrow(
        expect.objectContaining({ code: 'io' }),
      )
      const db = open(path, { migrations: ['CREATE TABLE u (a)'] })
      expect(db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()).toEqual([{ name: 'u' }])
      db.close()
    })
  })

  test('without exclusive, two may read and write in turns', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'a.db')
      const [one, two] = [0, 0].map(() => open(path, { migrations: ['CREATE TABLE t (a)'] })) as [
        ReturnType<typeof open>,
        ReturnType<typeof open>,
      ]
      await one.write(() => one.prepare('INSERT INTO t VALUES (1)').run())
      await two.write(() => two.prepare('INSERT INTO t VALUES (2)').run())
      expect(one.prepare('SELECT a FROM t').all()).toEqual([{ a: 1 }, { a: 2 }])
      one.close()
      two.close()
    })
  })

  test('the number is in the file, where other programs look for it', async () => {
    await withFolder((folder) => {
      const path = join(folder, 'a.db')
      open(path, { migrations: [] }).close()
      expect(readFileSync(path).readUInt32BE(68)).toBe(APPLICATION_ID)
    })
  })
})
