import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { generated } from '../wasm/build.js'

const FOLDER = new URL('../src/proof/generated/', import.meta.url)

test('the engines in the repository are those that their sources make', async () => {
  const files = await generated()
  expect(readdirSync(FOLDER).sort()).toEqual(Object.keys(files).sort())
  for (const [name, text] of Object.entries(files))
    expect(readFileSync(new URL(name, FOLDER), 'utf8') === text, `${name}: run packages/crypto/wasm/build.ts`).toBe(
      true,
    )
})
