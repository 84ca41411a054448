import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'] as const

/** A Chromium on this machine: what `CHROME_BIN` names, else one of the usual commands. */
export function chromiumPath(): string | undefined {
  const named = process.env['CHROME_BIN']
  if (named !== undefined && existsSync(named)) return named
  const folders = (process.env['PATH'] ?? '').split(process.platform === 'win32' ? ';' : ':')
  return NAMES.flatMap((name) => folders.map((folder) => `${folder}/${name}`)).find((file) => existsSync(file))
}

/** Where the continuous integration runs as root on a Debian: its package. @returns what went wrong */
export function installChromium(): string | undefined {
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', 'chromium'],
  ]) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const { status, error, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' })
    if (error !== undefined) return `apt-get: ${error.message}`
    if (status !== 0) return `apt-get ${args[0]} ended with ${status}\n${stderr}`
  }
  return undefined
}
