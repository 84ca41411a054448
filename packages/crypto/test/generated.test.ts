import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { generated } from '../wasm/build.js'

const SOURCE = new URL('../src/', import.meta.url)

test('what is generated is what its sources make, and nothing else', async () => {
  const files = await generated()
  const held = ['box', 'proof'].flatMap((part) =>
    readdirSync(new URL(`${part}/generated/`, SOURCE)).map((name) => `${part}/generated/${name}`),
  )
  expect(held.sort()).toEqual(Object.keys(files).sort())
  for (const [name, text] of Object.entries(files))
    expect(readFileSync(new URL(name, SOURCE), 'utf8') === text, `${name}: run packages/crypto/wasm/build.ts`).toBe(
      true,
    )
})
