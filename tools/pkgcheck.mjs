// `pnpm pkgcheck` inside a package: what npm would publish, judged by publint and by are-the-types-wrong.
import path from 'node:path'
import { pack } from './lib/pack.mjs'
import { runTool } from './lib/process.mjs'

const tarball = await pack(process.cwd(), path.resolve('.pack'))
const results = [
  await runTool('publint', ['run', tarball, '--strict']),
  await runTool('@arethetypeswrong/cli', [tarball, '--profile', 'esm-only', '--no-color'], { command: 'attw' }),
]
for (const { code, output } of results) if (code !== 0) console.log(output)
process.exit(results.some(({ code }) => code !== 0) ? 1 : 0)
