// pnpm bench [NAME…] [--json FILE] [--rounds N] [--quick] [--check]: ours beside their limit and their rivals.
// Exit: 0 measured, 1 a subject failed or, with --check, a row is below its target, 2 wrong arguments.
import { appendFile, writeFile } from 'node:fs/promises'
import { arch, availableParallelism, cpus, platform } from 'node:os'
import { missingBuilds } from './lib/built.js'
import { compile } from './lib/compile.js'
import { type Options, parseOptions, USAGE } from './lib/options.js'
import { generateProtobuf } from './lib/protobuf.js'
import type { Row } from './lib/rows.js'
import { runSubject } from './lib/run-subject.js'
import type { Settings } from './lib/settings.js'
import { SUBJECTS } from './lib/subjects.js'
import { CHECK_SHARE, isBroken, isMiss, table } from './lib/table.js'

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  let options: Options
  try {
    options = parseOptions(args)
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}; see pnpm bench --help\n`)
    return 2
  }
  if (options.help) {
    process.stdout.write(USAGE)
    return 0
  }
  if (options.json !== undefined) {
    // Known before measuring, which takes long.
    try {
      await appendFile(options.json, '')
    } catch (error) {
      process.stderr.write(`bench: --json: ${(error as Error).message}\n`)
      return 2
    }
  }
  const missing = missingBuilds([...new Set(options.subjects.flatMap((name): readonly string[] => SUBJECTS[name]))])
  if (missing.length > 0) {
    process.stderr.write(`bench: no ${missing.join(', ')}: run pnpm build\n`)
    return 2
  }
  const { rows, failed } = await measure(options)
  process.stdout.write(`\n${summary(rows, options.settings)}\n`)
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify({ rows }, undefined, 2)}\n`)
  const judged = options.check && !options.settings.quick
  return failed || (judged && rows.some(isBroken)) ? 1 : 0
}

/** Every subject in turn; one that fails does not take the others with it. */
async function measure({ subjects, settings }: Options): Promise<{ rows: Row[]; failed: boolean }> {
  const rows: Row[] = []
  let failed = false
  const { folder, remove } = await compile(subjects)
  try {
    if (subjects.includes('codec')) await generateProtobuf(folder)
    for (const name of subjects) {
      const startMs = performance.now()
      try {
        const report = await runSubject(folder, name, settings)
        const seconds = ((performance.now() - startMs) / 1000).toFixed(0)
        process.stdout.write(`\n${name} (${seconds} s)\n\n${table(report.rows, !settings.quick)}\n\n`)
        for (const note of report.notes) process.stdout.write(`  ${note}\n`)
        rows.push(...report.rows)
      } catch (error) {
        failed = true
        process.stderr.write(`\n${name} failed: ${(error as Error).message}\n`)
      }
    }
  } finally {
    await remove()
  }
  return { rows, failed }
}

function summary(rows: readonly Row[], settings: Settings): string {
  const withTarget = rows.filter((row) => row.target !== undefined)
  const met = withTarget.filter((row) => !isMiss(row)).length
  const broken = withTarget.filter(isBroken).length
  const processor = cpus()[0]?.model.trim() ?? 'unknown'
  const machine = `${availableParallelism()} cores (${processor}), ${platform()}-${arch()}, Node ${process.versions.node}`
  const verdict = settings.quick
    ? 'a smoke run: the figures mean nothing'
    : `${met} of ${withTarget.length} targets met; ${broken} below ${CHECK_SHARE} of their target`
  return `${machine}; ${settings.rounds} rounds, medians\n${verdict}`
}
