import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FEATURES, type Features } from '../../packages/messenger/src/features.js'
import { checkNamedTests, namedTests } from '../checks/named-tests.mjs'
import { root } from '../lib/process.mjs'

describe('namedTests', () => {
  test('takes what rows name, whole paths and names behind them', () => {
    const markdown = '| a | `packages/x/test/a.test.ts`, `b.test.ts` | `packages/y/test/c/d.test.ts`, `pnpm fuzz x` |'
    expect(namedTests(`# Title\n\n${markdown}\n`)).toEqual([
      { file: 'packages/x/test/a.test.ts', line: 3 },
      { file: 'packages/x/test/b.test.ts', line: 3 },
      { file: 'packages/y/test/c/d.test.ts', line: 3 },
    ])
  })

  test('takes nothing from prose, and no folder from another cell', () => {
    expect(namedTests('see `packages/x/test/a.test.ts`')).toEqual([])
    expect(namedTests('| `packages/x/test/a.test.ts` | `b.test.ts` |')[1]).toMatchObject({ file: 'b.test.ts' })
  })
})

describe('checkNamedTests', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'mimirjs-named-'))
    mkdirSync(path.join(folder, 'packages/x/test'), { recursive: true })
    writeFileSync(path.join(folder, 'packages/x/test/a.test.ts'), '')
  })
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const check = (markdown: string) => {
    writeFileSync(path.join(folder, 'a.md'), markdown)
    return checkNamedTests(folder, ['a.md'])
  }

  test('passes what is there', async () => {
    expect(await check('| x | `packages/x/test/a.test.ts` |')).toEqual({ detail: '1 tests are named and there' })
  })

  test('fails for what is not there, and says where', async () => {
    expect(await check('\n| x | `packages/x/test/a.test.ts`, `b.test.ts` |')).toEqual({
      failed: 'a.md:2 names packages/x/test/b.test.ts, which is not there',
    })
  })

  test('fails for a document whose tables name nothing any more', async () => {
    expect(await check('| x | – |')).toEqual({ failed: expect.stringContaining('a.md names no test') })
  })

  test('passes the documents as they are', async () => {
    expect(await checkNamedTests()).toEqual({ detail: expect.stringMatching(/^\d{2,} tests/) })
  })
})

describe('the table of features in the README', () => {
  const rows = readFileSync(path.join(root, 'README.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
  const row = (feature: string): string[] => rows.find(([name]) => name === feature) ?? []

  test.each<[string, keyof Features]>([
    ['image', 'images'],
    ['file', 'files'],
    ['voice message', 'voice'],
    ['reaction', 'reactions'],
    ['contact request', 'contactRequests'],
    ['call between two', 'calls'],
  ])('%s: says what the code refuses', (name, feature) => {
    const [, classic, overlay, current] = row(name)
    for (const [generation, cell] of Object.entries({ classic, overlay, current })) {
      const value = FEATURES[generation as keyof typeof FEATURES][feature]
      expect(cell === 'refused', `${name}, ${generation}: ${cell}`).toBe(value === false || value === 'none')
    }
  })

  test('each row has a cell for every generation, and a test', () => {
    // The tables of the generations and of the dialects.
    const heads = rows.flatMap((cells, index) => (cells.at(-1) === 'shown by' ? [index] : []))
    expect(heads).toHaveLength(2)
    const features = heads.flatMap((head) => {
      const table = rows.slice(head + 2)
      const end = table.findIndex((cells) => cells.length !== 5 || cells.at(-1) === 'shown by')
      return table.slice(0, end < 0 ? undefined : end)
    })
    expect(features.length).toBeGreaterThan(25)
    for (const cells of features) {
      expect(
        cells.every((cell) => cell !== ''),
        cells.join(' | '),
      ).toBe(true)
      expect(cells.at(-1), cells[0]).toMatch(/[.]test[.]ts`/)
    }
  })
})
