// `npm run release`, called by the release workflow: publish every package whose version npm does not have yet.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { buildJs, buildTypes, prepare } from './lib/prepare.mjs'
import { root, runTool } from './lib/process.mjs'

const waiting = readdirSync(path.join(root, '.changeset')).filter(
  (file) => file.endsWith('.md') && file !== 'README.md',
)
if (waiting.length > 0) {
  console.log(`nothing is published: ${waiting.join(', ')} wait for \`npx changeset version\``)
  process.exit(0)
}
await prepare(async () => {
  await buildJs()
  await buildTypes()
})
const { code } = await runTool('@changesets/cli', ['publish'], {
  command: 'changeset',
  onOutput: (text) => process.stdout.write(text),
})
process.exitCode = code
