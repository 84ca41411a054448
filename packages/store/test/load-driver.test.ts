import { mkdirSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { DriverName } from '../src/index.js'
import { loadDriver } from '../src/load-driver.js'
import { withFolder } from './support/open.js'

const cwd = process.cwd()
afterEach(() => process.chdir(cwd))

describe('loadDriver', () => {
  test("auto takes Node's own, else better-sqlite3 if it is there, else the one that comes with the package", () => {
    const works = (name: DriverName): boolean => {
      try {
        return loadDriver(name).name === name
      } catch {
        return false
      }
    }
    expect(works('libsql')).toBe(true)
    expect(works('node:sqlite')).toBe(isBuiltin('node:sqlite'))
    const names: DriverName[] = ['node:sqlite', 'better-sqlite3', 'libsql']
    expect(loadDriver('auto').name).toBe(names.find(works))
  })

  test('what is not there is named, with what to do', () => {
    class Broken {
      constructor() {
        throw new Error('of no use\nand more of it')
      }
    }
    const driver = loadDriver({ name: 'better-sqlite3', module: Broken })
    expect(() => driver.open(':memory:')).toThrow('of no use')
    if (isBuiltin('node:sqlite')) return
    expect(() => loadDriver('node:sqlite')).toThrow(
      expect.objectContaining({
        name: 'StoreError',
        code: 'driver',
        message: expect.stringMatching(/node:sqlite: .*use Node 22\.13 or newer, or install better-sqlite3$/),
      }),
    )
  })

  test('the current folder is not searched: what lies there is not ours to run', async () => {
    await withFolder((folder) => {
      const place = join(folder, 'node_modules', 'better-sqlite3')
      mkdirSync(place, { recursive: true })
      writeFileSync(join(place, 'index.js'), 'globalThis.ranCodeOfTheFolder = true')
      process.chdir(folder)
      try {
        loadDriver('better-sqlite3')
      } catch (error) {
        expect(error).toMatchObject({ code: 'driver' })
      }
      process.chdir(cwd)
      expect('ranCodeOfTheFolder' in globalThis).toBe(false)
    })
  })

  test('a library that the program loaded itself is used as it is', () => {
    class Library {
      exec(): void {}
      prepare(): never {
        throw new Error('not needed')
      }
      close(): void {}
    }
    for (const name of ['better-sqlite3', 'libsql'] as const) {
      expect(loadDriver({ name, module: Library }).name).toBe(name)
    }
    expect(loadDriver({ name: 'node:sqlite', module: { DatabaseSync: Library } }).name).toBe('node:sqlite')
  })
})
