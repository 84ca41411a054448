import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { saveFile } from '../src/save.js'
import { temporaryFolder } from './support/folder.js'

const from = '8a88e3dd'.repeat(8)

function received(name: string, bytes = new Uint8Array([1, 2, 3])) {
  return [
    { id: '-42', from },
    { name, bytes },
  ] as const
}

describe('saving a received file', () => {
  test('the name is ours, the ending theirs if it is harmless', async () => {
    const folder = temporaryFolder()
    for (const [name, ending] of [
      ['photo.JPG', 'jpg'],
      ['../../etc/passwd', 'bin'],
      ['a.tar.gz', 'gz'],
      ['x.verylongending', 'bin'],
      ['x.a/b', 'bin'],
      ['', 'bin'],
    ] as const)
      expect(await saveFile(folder, ...received(name))).toBe(join(folder, `8a88e3dd8a88e3dd_-42.${ending}`))
  })

  test('whole, for us alone, and nothing else is left', async () => {
    const folder = temporaryFolder()
    const path = await saveFile(folder, ...received('a.png'))
    expect([...readFileSync(path)]).toEqual([1, 2, 3])
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['8a88e3dd8a88e3dd_-42.png'])
  })

  test('saving it again replaces it', async () => {
    const folder = temporaryFolder()
    await saveFile(folder, ...received('a.png', new Uint8Array(1_000)))
    const path = await saveFile(folder, ...received('a.png'))
    expect(readFileSync(path).length).toBe(3)
    expect(readdirSync(folder).length).toBe(1)
  })

  test('a link that stands in its place is replaced, not followed', async () => {
    const folder = temporaryFolder()
    const victim = join(temporaryFolder(), 'victim')
    writeFileSync(victim, 'mine')
    symlinkSync(victim, join(folder, '8a88e3dd8a88e3dd_-42.png'))
    await saveFile(folder, ...received('a.png'))
    expect(readFileSync(victim, 'utf8')).toBe('mine')
  })

  test('a folder that is none fails with a reason and leaves nothing', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    await expect(saveFile(join(file, 'sub'), ...received('a.png'))).rejects.toThrow('not a folder')
    const folder = temporaryFolder()
    mkdirSync(join(folder, '8a88e3dd8a88e3dd_-42.png'))
    await expect(saveFile(folder, ...received('a.png'))).rejects.toThrow(expect.objectContaining({ code: 'file' }))
    expect(readdirSync(folder)).toEqual(['8a88e3dd8a88e3dd_-42.png'])
  })
})
