import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { CliIo } from './io.js'

/**
 * The folder of one identity: `identity.key`, `messenger.sqlite`, and those of the servers started from it: `tracker.sqlite`, `mediator.sqlite`, `mediator.key`.
 */
export function homeFolder(io: CliIo, option: string | undefined): string {
  return resolve(io.cwd, option ?? (io.env['MIMIR_HOME'] || join(homedir(), '.mimir')))
}

export function keyFile(home: string): string {
  return join(home, 'identity.key')
}

export function hasDatabase(home: string): boolean {
  return existsSync(join(home, 'messenger.sqlite'))
}
