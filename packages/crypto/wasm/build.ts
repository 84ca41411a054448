// node --import tsx packages/crypto/wasm/build.ts: writes what is generated in `src` from the sources beside this file.
import { writeFileSync } from 'node:fs'
import wabt from 'wabt'
import { boxText } from './box/module.js'
import { moduleText } from './walk/module.js'
import { scriptText } from './walk/script.js'

const SOURCE = new URL('../src/', import.meta.url)

/** The files that the repository holds, by their path below `src`; they are all that there is in their folders. */
export async function generated(): Promise<Record<string, string>> {
  return {
    'box/generated/box-wasm.ts': await moduleFile('BOX_WASM', boxText()),
    'proof/generated/walk-wasm.ts': await moduleFile('WALK_WASM', moduleText()),
    'proof/generated/walk-script.ts': scriptText(),
  }
}

/** The module of a text. */
export async function assemble(text: string): Promise<Uint8Array> {
  const { parseWat } = await wabt()
  const module = parseWat('module.wat', text, { simd: true })
  const { buffer } = module.toBinary({})
  module.destroy()
  return buffer
}

async function moduleFile(name: string, text: string): Promise<string> {
  const bytes = await assemble(text)
  return `// Written by packages/crypto/wasm/build.ts; change what it is written from.
/** The module, in Base64: ${bytes.length} bytes. */
export const ${name} = '${Buffer.from(bytes).toString('base64')}'
`
}

if (process.argv[1] === new URL(import.meta.url).pathname)
  for (const [name, text] of Object.entries(await generated())) writeFileSync(new URL(name, SOURCE), text)
