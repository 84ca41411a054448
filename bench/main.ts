import { fork } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { arch, availableParallelism, cpus, platform } from 'node:os'
import { missingBuilds } from './lib/built.js'
import { COMPILED, compile } from './lib/compile.js'
import { type Options, parseOptions, USAGE } from './lib/options.js'
import { generateProtobuf } from './lib/protobuf.js'
import type { Report, Row } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import { SUBJECTS, type SubjectName } from './lib/subjects.js'
import { CHECK_SHARE, isBroken, isMiss, table } from './lib/table.js'

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  let options: Options
  try {
    options = parseOptions(args)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`)
    return 2
  }
  if (options.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const missing = missingBuilds([...new Set(options.subjects.flatMap((name): readonly string[] => SUBJECTS[name]))])
  if (missing.length > 0) {
    process.stderr.write(
      `the built packages are measured, and these are not built: ${missing.join(', ')}\nrun: pnpm build\n`,
    )
    return 2
  }
  await compile(options.subjects)
  if (options.subjects.includes('codec')) await generateProtobuf()

  const rows: Row[] = []
  let failures = 0
  for (const name of options.subjects) {
    const startMs = performance.now()
    try {
      const report = await runSubject(name, options.settings)
      rows.push(...report.rows)
      process.stdout.write(
        `\n${name} (${((performance.now() - startMs) / 1000).toFixed(0)} s)\n\n${table(report.rows)}\n\n`,
      )
      for (const note of report.notes) process.stdout.write(`  ${note}\n`)
    } catch (error) {
      failures++
      process.stderr.write(`\n${name} failed: ${(error as Error).message}\n`)
    }
  }
  process.stdout.write(`\n${summary(rows, options.settings)}\n`)
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify({ rows }, undefined, 2)}\n`)
  if (failures > 0) return 1
  return options.check && rows.some(isBroken) ? 1 : 0
}

/** Each subject has a process of its own, so that none inherits another's heap or compiled code. */
function runSubject(name: SubjectName, settings: Settings): Promise<Report> {
  const child = fork(new URL('run.js', COMPILED), [name, JSON.stringify(settings)], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return new Promise((resolve, reject) => {
    child.on('message', (report: Report) => resolve(report))
    child.on('error', reject)
    child.on('exit', (code, signal) => reject(new Error(`its process ended (${signal ?? code}) without a report`)))
  })
}

function summary(rows: readonly Row[], settings: Settings): string {
  const withTarget = rows.filter((row) => row.target !== undefined)
  const misses = withTarget.filter(isMiss)
  const broken = withTarget.filter(isBroken)
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${platform()}-${arch()}, Node ${process.versions.node}`
  const verdict = settings.quick
    ? 'a smoke run: the figures mean nothing'
    : `${withTarget.length - misses.length} of ${withTarget.length} targets met; ${broken.length} below ${CHECK_SHARE} of their target`
  return `${machine}; ${settings.rounds} rounds, medians\n${verdict}`
}
