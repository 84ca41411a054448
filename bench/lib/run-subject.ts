import { fork } from 'node:child_process'
import type { Report } from './rows.js'
import type { Settings } from './settings.js'
import type { SubjectName } from './subjects.js'

/**
 * Run one subject in a process of its own, so that none inherits another's heap or compiled code.
 *
 * @param folder - where the benchmarks were compiled to
 */
export function runSubject(folder: URL, name: SubjectName, settings: Settings): Promise<Report> {
  const child = fork(new URL('run.js', folder), [name, JSON.stringify(settings)], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return new Promise((resolve, reject) => {
    child.on('message', (report: Report) => resolve(report))
    child.on('error', reject)
    child.on('exit', (code, signal) => reject(new Error(`its process ended (${signal ?? code}) without a report`)))
  })
}
