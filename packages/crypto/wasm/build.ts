// node --import tsx packages/crypto/wasm/build.ts: writes the engines of the walk from the formulas beside this file.
import { writeFileSync } from 'node:fs'
import wabt from 'wabt'
import { moduleText } from './module.js'
import { scriptText } from './script.js'

const FOLDER = new URL('../src/proof/generated/', import.meta.url)

/** What the repository holds under `src/proof/generated`, by file name. */
export async function generated(): Promise<Record<string, string>> {
  const { parseWat } = await wabt()
  const module = parseWat('walk.wat', moduleText(), { simd: true })
  const { buffer } = module.toBinary({})
  module.destroy()
  return {
    'walk-wasm.ts': `// Written by packages/crypto/wasm/build.ts; change what it is written from.
/** The module, in Base64: ${buffer.length} bytes. */
export const WALK_WASM = '${Buffer.from(buffer).toString('base64')}'
`,
    'walk-script.ts': scriptText(),
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname)
  for (const [name, text] of Object.entries(await generated())) writeFileSync(new URL(name, FOLDER), text)
