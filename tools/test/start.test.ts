import path from 'node:path'
import { expect, test } from 'vitest'
import { root, runNode } from '../lib/process.mjs'

const start = path.join(root, 'tools/start.mjs')

test.each(['web'])('npm start -- %s says that it comes later', async (variant) => {
  const { code, output } = await runNode([start, variant, '--json'])
  expect([code, output]).toEqual([2, expect.stringMatching(/^[^\n]+ comes with a later release\n$/)])
})

test.each(['unheard-of', 'toString'])(
  'npm start -- %s says which variants there are and which come later',
  async (variant) => {
    const { code, output } = await runNode([start, variant])
    expect([code, output]).toEqual([
      2,
      `no variant ${variant}; there is two-people, chat, groups, overlay; later come web\n`,
    ])
  },
)

test('npm start -- --help prints the usage and builds nothing', async () => {
  const { code, output } = await runNode([start, '--help'])
  expect(code).toBe(0)
  expect(output.split('\n')).toEqual(
    expect.arrayContaining(['usage: npm start [-- NAME] [--json]', expect.stringMatching(/web .*comes later$/)]),
  )
  expect(output).not.toMatch(/building|installing/)
})
