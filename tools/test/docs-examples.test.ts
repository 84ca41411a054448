import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { collectExamples, runErrors, typeErrors } from '../checks/docs-examples.mjs'
import { root } from '../lib/process.mjs'

let folder: string

beforeEach(() => {
  mkdirSync(path.join(root, 'tools/.artifacts'), { recursive: true })
  folder = mkdtempSync(path.join(root, 'tools/.artifacts/docs-test-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function collect(...lines: string[]): ReturnType<typeof collectExamples> {
  const file = path.join(folder, 'guide.md')
  writeFileSync(file, lines.join('\n'))
  return collectExamples([file])
}

describe('collectExamples', () => {
  test('takes ts blocks and no others', () => {
    const examples = collect('```sh', 'npm i', '```', '```ts', 'const a = 1', '```', '```js', 'const b', '```')
    expect(examples.map(({ code, runs }) => ({ code, runs }))).toEqual([{ code: 'const a = 1', runs: false }])
  })

  test('joins a block that continues', () => {
    const examples = collect(
      '```ts',
      '// run',
      'const a = 1',
      '```',
      'and then',
      '```ts',
      '// continues',
      'a + 1',
      '```',
    )
    expect(examples).toHaveLength(1)
    expect(examples[0]!.code).toBe('// run\nconst a = 1\n// continues\na + 1')
    expect(examples[0]!.runs).toBe(true)
    expect(examples[0]!.origins.map(({ line }) => line)).toEqual([2, 3, 7, 8])
  })

  test('takes a block out of a list', () => {
    expect(collect('- so:', '  ```ts', '  if (x) {', '    y()', '  }', '  ```')[0]!.code).toBe('if (x) {\n  y()\n}')
  })
})

test('a type error is reported where it stands in the prose', () => {
  const examples = collect('# Guide', '', '```ts', 'const a: number = 1', "const b: string = a + 'x' - 1", '```')
  expect(typeErrors(examples, folder)).toMatch(/guide[.]md:5 /)
})

test('a page has what browsers have and nothing of Node, any other example the other way round', () => {
  const page = collect('```ts', '// page', 'document.title = location.hash', 'process.exit()', '```')
  expect(typeErrors(page, folder)).toMatch(/^[^\n]*guide[.]md:4 [^\n]*process[^\n]*$/)
  const program = collect('```ts', 'process.exitCode = 0', 'document.title', '```')
  expect(typeErrors(program, folder)).toMatch(/^[^\n]*guide[.]md:3 [^\n]*document[^\n]*$/)
})

test('an example whose promise is rejected fails', async () => {
  const examples = collect('```ts', '// run', "await Promise.reject(new Error('as expected'))", '```')
  expect(await runErrors(examples, folder)).toMatch(/guide[.]md:2 exit code 1.*as expected/s)
})

test('an example without mistakes passes', async () => {
  const examples = collect('```ts', '// run', "import { equal } from 'node:assert'", 'equal(1 as number, 1)', '```')
  expect(typeErrors(examples, folder)).toBe('')
  expect(await runErrors(examples, folder)).toBe('')
})
