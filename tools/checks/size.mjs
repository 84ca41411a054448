// Size budgets of `.size-limit.json`: what a bundler makes of each entry, minified and compressed with brotli.
import path from 'node:path'
import { root, runTool } from '../lib/process.mjs'
import { publicPackages, readJson } from '../lib/workspace.mjs'

/** @returns {Promise<import('../lib/steps.mjs').Outcome>} */
export async function checkSize() {
  /** @type {{ path: string }[]} */
  const budgets = readJson(path.join(root, '.size-limit.json'))
  const missing = publicPackages()
    .flatMap(({ short, entries }) => entries.map(({ js }) => path.posix.join('packages', short, js)))
    .filter((file) => !budgets.some((budget) => budget.path === file))
  if (missing.length > 0) return { failed: `no budget in .size-limit.json for ${missing.join(', ')}` }
  const { code, output, stdout } = await runTool('size-limit', ['--json'], { timeoutMs: 120_000 })
  /** @type {{ name: string, size: number, sizeLimit?: number, passed: boolean }[]} */
  let results
  try {
    results = JSON.parse(stdout)
  } catch {
    return { failed: output }
  }
  const over = results.filter(({ passed, sizeLimit }) => !passed || sizeLimit === undefined)
  if (code === 0 && over.length === 0) return { detail: `${results.length} budgets held` }
  const lines = over.map(({ name, size, sizeLimit }) => `${name}: ${size} bytes, budget ${sizeLimit ?? 'not measured'}`)
  return { failed: `${lines.join('\n')}\npnpm exec size-limit shows all` }
}
