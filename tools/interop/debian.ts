import { spawnSync } from 'node:child_process'

/** Install Debian's packages, which continuous integration may do as root. @returns what went wrong */
export function installPackages(...names: readonly string[]): string | undefined {
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', ...names],
  ]) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const { status, error, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' })
    if (error !== undefined) return `apt-get: ${error.message}`
    if (status !== 0) return `apt-get ${args[0]} ended with ${status}\n${stderr}`
  }
  return undefined
}
