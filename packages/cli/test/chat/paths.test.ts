import { mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { completePath, expandPath } from '../../src/chat/paths.js'
import { temporaryFolder } from '../support/folder.js'

test('~ is the home folder, other paths are relative to where we are', () => {
  expect(expandPath('~/a b', '/cwd')).toBe(join(homedir(), 'a b'))
  expect(expandPath('~', '/cwd')).toBe(homedir())
  expect(expandPath(' a/../b ', '/cwd')).toBe('/cwd/b')
  expect(expandPath('/abs', '/cwd')).toBe('/abs')
  expect(expandPath('~x', '/cwd')).toBe('/cwd/~x')
})

test('a path is completed as far as it is certain', async () => {
  const cwd = temporaryFolder()
  mkdirSync(join(cwd, 'reports'))
  mkdirSync(join(cwd, 'only'))
  for (const name of ['report.pdf', 'report 2.pdf', '.hidden', 'only/deep.txt']) writeFileSync(join(cwd, name), '')
  const complete = (text: string): Promise<{ text: string; hints: string[] }> => completePath(text, cwd)
  expect(await complete('re')).toEqual({ text: 'report', hints: ['report 2.pdf', 'report.pdf', 'reports/'] })
  expect(await complete('reports')).toEqual({ text: 'reports/', hints: [] })
  expect(await complete('o')).toEqual({ text: 'only/', hints: [] })
  expect(await complete('only/')).toEqual({ text: 'only/deep.txt', hints: [] })
  expect(await complete(`${cwd}/only/d`)).toEqual({ text: `${cwd}/only/deep.txt`, hints: [] })
  expect(await complete('.h')).toEqual({ text: '.hidden', hints: [] })
  expect((await complete('')).hints).not.toContain('.hidden')
  expect(await complete('x')).toEqual({ text: 'x', hints: ['nothing is called so'] })
  expect(await complete('none/x')).toEqual({ text: 'none/x', hints: ['there is no such folder'] })
  expect(await complete('~')).toEqual({ text: '~/', hints: [] })
})
