import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { harmlessName, saveAs } from '../../src/chat/save-as.js'
import { temporaryFolder } from '../support/folder.js'

const bytes = new TextEncoder().encode('contents')

test('into a folder under a harmless name, to a path as it is, and nothing is ever replaced', async () => {
  const folder = temporaryFolder()
  expect(await saveAs(folder, { name: 'report.pdf', bytes })).toBe(join(folder, 'report.pdf'))
  expect(await saveAs(folder, { name: 'report.pdf', bytes })).toBe(join(folder, 'report (1).pdf'))
  writeFileSync(join(folder, 'mine'), 'mine')
  expect(await saveAs(join(folder, 'mine'), { name: 'x', bytes })).toBe(join(folder, 'mine (1)'))
  expect(readFileSync(join(folder, 'mine'), 'utf8')).toBe('mine')
  expect(readFileSync(join(folder, 'mine (1)'), 'utf8')).toBe('contents')
  expect(readdirSync(folder).sort()).toEqual(['mine', 'mine (1)', 'report (1).pdf', 'report.pdf'])
})

test('a folder that is not there, or a file in the way, is one clear line', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'file'), '')
  mkdirSync(join(folder, 'sub'))
  await expect(saveAs(join(folder, 'none', 'x'), { name: 'x', bytes })).rejects.toThrow(
    /cannot save .*it does not exist/,
  )
  await expect(saveAs(join(folder, 'file', 'x'), { name: 'x', bytes })).rejects.toThrow(/not a folder/)
  expect(readdirSync(folder).sort()).toEqual(['file', 'sub'])
})

test.each([
  ['report.pdf', 'report.pdf'],
  ['Grüße 你好.txt', 'Grüße 你好.txt'],
  ['../../etc/passwd', '_.._etc_passwd'],
  ['.bashrc', 'bashrc'],
  ['-rf', 'rf'],
  ['a\u202egnp.exe', 'a_gnp.exe'],
  ['a;rm -rf ~\n.sh', 'a_rm -rf _.sh'],
  ['', 'file'],
  ['...', 'file'],
  ['x'.repeat(500), 'x'.repeat(100)],
])('%j becomes %j', (name, harmless) => {
  expect(harmlessName(name)).toBe(harmless)
})
