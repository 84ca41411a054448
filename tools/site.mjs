// `pnpm site`: the API reference of every package and the guides of docs/, as one site in site/. Any warning fails it.
import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { root, runTool } from './lib/process.mjs'

rmSync(path.join(root, 'site'), { recursive: true, force: true })
const { code, output } = await runTool('typedoc', ['--logLevel', 'Warn'])
const warnings = stripVTControlCharacters(output)
  .split('\n')
  .filter((line) => /\[(warning|error)\]/.test(line) && !/Found \d+ errors and/.test(line) && !namesFolder(line))
for (const warning of warnings) console.log(warning)
if (code === 0 && warnings.length === 0) console.log('site/index.html')
else process.exitCode = 1

/** A link to a folder is sound where the prose is read, though there is nothing to copy. @param {string} warning */
function namesFolder(warning) {
  const [, from = '', target] = /^(?:(\S+):\d+:\d+ - )?.*The relative path (.*) is not a file/.exec(warning) ?? []
  return target !== undefined && existsSync(path.resolve(root, path.dirname(from), target))
}
