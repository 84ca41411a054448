import path from 'node:path'
import { expect, test } from 'vitest'
import { root, runNode } from '../lib/process.mjs'

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
