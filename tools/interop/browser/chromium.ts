import { existsSync } from 'node:fs'
import { installPackages } from '../debian.js'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'] as const

/** What it is started with. */
export const CHROMIUM_ARGS: string[] = [
  '--no-sandbox', // a container's root has no other way
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A Chromium on this machine: what `CHROME_BIN` names, else one of the usual commands. */
export function chromiumPath(): string | undefined {
  const named = process.env['CHROME_BIN']
  if (named !== undefined && existsSync(named)) return named
  const folders = (process.env['PATH'] ?? '').split(process.platform === 'win32' ? ';' : ':')
  return NAMES.flatMap((name) => folders.map((folder) => `${folder}/${name}`)).find((file) => existsSync(file))
}

/** Where the continuous integration runs as root on a Debian: its package. @returns what went wrong */
export function installChromium(): string | undefined {
  return installPackages('chromium')
}
