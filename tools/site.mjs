// `pnpm site`: the API reference of every package and the guides of docs/, as one site in site/.
import { rmSync } from 'node:fs'
import path from 'node:path'
import { root, runTool } from './lib/process.mjs'

rmSync(path.join(root, 'site'), { recursive: true, force: true })
const { code, output } = await runTool('typedoc', ['--logLevel', 'Warn'])
process.stdout.write(output)
if (code === 0) console.log('site/index.html')
process.exitCode = code
