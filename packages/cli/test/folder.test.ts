import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeFolder } from '../src/folder.js'
import { temporaryFolder } from './support/folder.js'

function refusal(message: string): Error {
  return expect.objectContaining({
    code: 'file',
    exitCode: 5,
    message: expect.stringContaining(message) as string,
  }) as Error
}

describe('making a folder', () => {
  test('with those above it, for its owner alone; one that is there stays as it is', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'open'), { mode: 0o755 })
    makeFolder(join(folder, 'open/a/b'))
    makeFolder(join(folder, 'open/a/b'))
    makeFolder('/')
    const mode = (name: string): number => statSync(join(folder, name)).mode & 0o777
    if (process.platform !== 'win32')
      expect([mode('open'), mode('open/a'), mode('open/a/b')]).toEqual([0o755, 0o700, 0o700])
  })

  test('what is no folder is refused with a reason', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'file')
    writeFileSync(file, '')
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link'))
    expect(() => makeFolder(file)).toThrow(refusal(`${file} is not a folder`))
    expect(() => makeFolder(join(file, 'sub/sub'))).toThrow(refusal('not a folder'))
    expect(() => makeFolder(join(folder, 'link'))).toThrow(refusal('it is there already'))
    expect(existsSync(join(folder, 'nowhere'))).toBe(false)
  })

  // Only Linux has a folder that says "does not exist" of what it should make.
  test('a system that makes no folders there is no endless loop', () => {
    if (process.platform === 'linux')
      expect(() => makeFolder('/proc/mimir/a')).toThrow(refusal('the system makes no folders in /proc'))
  })
})
