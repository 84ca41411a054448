import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkHygiene } from '../checks/hygiene.mjs'
import { root, run } from '../lib/process.mjs'

let checkout: string

beforeEach(async () => {
  checkout = mkdtempSync(path.join(tmpdir(), 'mimirjs-hygiene-'))
  await run('git', ['init', '-q'], { cwd: checkout })
  mkdirSync(path.join(checkout, 'packages/wire/test'), { recursive: true })
})
afterEach(() => {
  rmSync(checkout, { recursive: true, force: true })
})

/** Only what git tracks is judged: scratch files are nobody's business. */
async function add(file: string, content: string): Promise<void> {
  writeFileSync(path.join(checkout, file), content)
  await run('git', ['add', file], { cwd: checkout })
}

// Put together, so that the check does not find them here.
const wrong = [
  ['a skipped test', ['it', '.skip("later")']],
  ['a lonely test', ['describe', '.only("this")']],
  ['a silenced compiler', ['// @ts-', 'ignore']],
  ['a silenced lint', ['// biome-', 'ignore lint: reasons']],
  ['an unfinished mark', ['// TO', 'DO later']],
  ['a foreign path', ['const x = "/wor', 'k/main"']],
] as const

test.each(wrong)('finds %s', async (_name, parts) => {
  await add('packages/wire/test/a.test.ts', `\n${parts.join('')}\n`)
  expect(await checkHygiene(checkout)).toEqual({ failed: expect.stringContaining('packages/wire/test/a.test.ts:2:') })
})

test.each(['mimirjs-wire-1.0.0.tgz', 'identity.key'])('finds a stray %s', async (name) => {
  await add(`packages/wire/${name}`, '')
  expect(await checkHygiene(checkout)).toEqual({ failed: expect.stringContaining(name) })
})

test('what a bot or a tracker keeps is ignored, wherever it runs', async () => {
  const kept = [
    'identity.key',
    'messenger.sqlite',
    'messenger.sqlite-wal',
    'tracker.sqlite',
    'tracker.sqlite-shm',
    'server.conf',
  ]
  const files = kept.flatMap((name) => [name, `examples/first-bot/bot/${name}`])
  copyFileSync(path.join(root, '.gitignore'), path.join(checkout, '.gitignore'))
  const { stdout } = await run('git', ['check-ignore', ...files], { cwd: checkout })
  expect(stdout.trim().split('\n')).toEqual(files)
})

test('passes a clean tree', async () => {
  await add('packages/wire/test/a.test.ts', 'test("it skips blanks only", () => {})\n')
  expect(await checkHygiene(checkout)).toBeUndefined()
})
