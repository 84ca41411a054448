import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { ESLint } from 'eslint'
import { describe, expect, test } from 'vitest'
import { ARROWS, judgeImport } from '../checks/arrows.mjs'
import { root } from '../lib/process.mjs'

/** Lint `code` as if it were the content of an existing source file. */
async function lint(file: string, code: string): Promise<string[]> {
  const eslint = new ESLint({
    cwd: root,
    ruleFilter: ({ ruleId }) => ruleId === 'mimir/arrows',
    overrideConfig: { languageOptions: { parserOptions: { project: null } } }, // this rule needs no types
  })
  const [result] = await eslint.lintText(code, { filePath: path.join(root, file) })
  return result!.messages.map(({ message }) => message)
}

describe('the lint of the repository', () => {
  const wrong = [
    ['an import of a higher floor', `import '@mimirjs/messenger'`, 'wire must not know messenger'],
    ['a re-export of a higher floor', `export * from '@mimirjs/peer'`, 'wire must not know peer'],
    ['a type of a higher floor', `export type P = import('@mimirjs/peer').Peer`, 'wire must not know peer'],
    ['a dynamic import', `await import('@mimirjs/crypto')`, 'wire must not know crypto'],
    ['a require', `require('@mimirjs/crypto')`, 'wire must not know crypto'],
    ['a path into another package', `import '../../crypto/src/types.js'`, 'leaves packages/wire/src'],
    ['a module of Node in a portable file', `import 'node:fs'`, 'node:fs is not ours'],
    ['a third-party package', `import 'ws'`, 'ws is not ours'],
  ] as const

  test.each(wrong)('refuses %s', async (_name, code, message) => {
    expect(await lint('packages/wire/src/index.ts', code)).toEqual([expect.stringContaining(message)])
  })

  test('accepts what the tables allow', async () => {
    const code = `import '@mimirjs/wire/peer'\nimport '@mimirjs/crypto'\nimport './limits.js'`
    expect(await lint('packages/peer/src/index.ts', code)).toEqual([])
  })
})

describe('judgeImport', () => {
  test('a module of Node is allowed only in the files that the table names', () => {
    expect(judgeImport('packages/crypto/src/native/keys.ts', 'node:crypto')).toBeUndefined()
    expect(judgeImport('packages/crypto/src/portable.ts', 'node:crypto')).toMatch(/ADAPTERS/)
    expect(judgeImport('packages/crypto/src/native/keys.ts', 'crypto')).toBe('write node:crypto')
    expect(judgeImport('packages/messenger/src/messenger.ts', '#platform')).toBeUndefined()
  })

  test('a package imports itself by relative paths', () => {
    expect(judgeImport('packages/peer/src/index.ts', '@mimirjs/peer')).toMatch(/relative path/)
  })

  test('a package without a row is refused', () => {
    expect(judgeImport('packages/unheard-of/src/index.ts', '@mimirjs/wire')).toMatch(/no row/)
  })
})

test('the manifests declare no arrow that the table does not have', () => {
  const packages = readdirSync(path.join(root, 'packages'))
  expect(Object.keys(ARROWS).sort()).toEqual(packages.sort())
  for (const [name, allowed] of Object.entries(ARROWS)) {
    const manifest: unknown = JSON.parse(readFileSync(path.join(root, 'packages', name, 'package.json'), 'utf8'))
    const { dependencies = {} } = manifest as { dependencies?: Record<string, string> }
    const ours = Object.keys(dependencies).filter((dependency) => dependency.startsWith('@mimirjs/'))
    expect(
      ours.map((dependency) => dependency.slice('@mimirjs/'.length)).filter((each) => !allowed.includes(each)),
    ).toEqual([])
  }
})

test('arrows go down only: the table has no cycle', () => {
  const seen = new Set<string>()
  for (const [name, allowed] of Object.entries(ARROWS)) {
    expect(allowed.filter((below) => !seen.has(below))).toEqual([])
    seen.add(name)
  }
})
