import { findProgram } from '../../packages/mediator/test/cluster/support/servers.js'
import { runTool } from '../lib/process.mjs'
import { outcomeOf } from '../lib/steps.mjs'
import { installPackages } from './debian.js'
import { MIMIR_CI, type Suite } from './suite.js'

const TIMEOUT_MS = 240_000

/** The programs that are started, and the Debian packages that bring them. */
const PROGRAMS: Readonly<Record<string, string>> = {
  initdb: 'postgresql',
  postgres: 'postgresql',
  'nats-server': 'nats-server',
}

const missingPrograms = (): string[] => Object.keys(PROGRAMS).filter((name) => findProgram(name) === undefined)

export const cluster: Suite = {
  name: 'cluster',
  about: 'mediators that share a real PostgreSQL and a real NATS, which the tests start',
  needs: "PostgreSQL and nats-server: Debian's packages postgresql and nats-server",

  check() {
    let missing = missingPrograms()
    if (missing.length === 0) return undefined
    const packages = [...new Set(missing.map((name) => PROGRAMS[name] ?? name))]
    const failure = MIMIR_CI ? installPackages(...packages) : undefined
    missing = missingPrograms()
    return missing.length === 0
      ? undefined
      : `no ${missing.join(', ')} here${failure === undefined ? '' : ` (${failure})`}`
  },

  async run() {
    const result = await runTool('vitest', ['run', '--config', 'vitest.cluster.config.ts'], {
      env: { NO_COLOR: '1' },
      timeoutMs: TIMEOUT_MS,
    })
    return outcomeOf(result, ({ output }) => /^\s*Tests +(\d+ passed)/m.exec(output)?.[1] ?? 'no tests')
  },
}
