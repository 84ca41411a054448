import path from 'node:path'
import { expect, test } from 'vitest'
import { root, runNode } from '../lib/process.mjs'
import { readStart } from '../lib/variants.mjs'

const start = path.join(root, 'tools/start.mjs')

test.each(['unheard-of', 'toString'])('npm start -- %s says which variants there are', async (variant) => {
  const { code, output } = await runNode([start, variant])
  expect([code, output]).toEqual([2, `no variant ${variant}; there is two-people, chat, groups, overlay, web\n`])
})

test('npm start -- --help prints the usage and builds nothing', async () => {
  const { code, output } = await runNode([start, '--help'])
  expect(code).toBe(0)
  expect(output.split('\n')).toEqual(
    expect.arrayContaining([
      'usage: npm start [-- NAME] [--json]',
      expect.stringMatching(/^ {2}web +a chat between browsers/),
    ]),
  )
  expect(output).not.toMatch(/building|installing/)
})

test.each([
  [[], 'two-people', [], false],
  [['--json'], 'two-people', ['--json'], false],
  [['web', '--port', '0'], 'web', ['--port', '0'], false],
  // Only it has more to say than there is in the usage.
  [['web', '--help'], 'web', ['--help'], false],
  [['chat', '--help'], 'chat', ['--help'], true],
])('npm start -- %j', (line, name, args, wantsUsage) => {
  expect(readStart(line)).toMatchObject({ name, args, wantsUsage })
})
