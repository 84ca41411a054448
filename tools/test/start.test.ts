import path from 'node:path'
import { expect, test } from 'vitest'
import { root, runNode } from '../lib/process.mjs'

const start = path.join(root, 'tools/start.mjs')

test.each(['groups', 'overlay', 'chat', 'web'])('npm start -- %s says that it comes later', async (variant) => {
  const { code, output } = await runNode([start, variant, '--json'])
  expect([code, output]).toEqual([2, expect.stringMatching(/^[^\n]+ comes with a later release\n$/)])
})

test.each(['unheard-of', 'toString'])('npm start -- %s names the variants', async (variant) => {
  const { code, output } = await runNode([start, variant])
  expect([code, output]).toEqual([2, expect.stringContaining('there are two-people, groups, overlay, chat, web')])
})
