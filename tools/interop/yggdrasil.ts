import { findGo, installGo } from '../../interop/go.js'
import { runTool } from '../lib/process.mjs'
import { outcomeOf } from '../lib/steps.mjs'
import { installPackages } from './debian.js'
import { MIMIR_CI, type Suite } from './suite.js'

const TIMEOUT_MS = 600_000

export const yggdrasil: Suite = {
  name: 'yggdrasil',
  about: 'our overlay node against yggdrasil-go: links, tree, sessions, transit, restarts, networks of both',
  needs: 'Go from 1.25 on, on PATH or named by MIMIR_GO, and the module proxy or a filled module cache',

  check() {
    if (process.platform === 'win32') return 'the tests use signals and sockets in the file system as UNIX has them'
    if (findGo() !== undefined) return undefined
    const failure = MIMIR_CI ? installGo(() => installPackages('python3-pip')) : undefined
    if (findGo() !== undefined) return undefined
    return `no Go here that is new enough${failure === undefined ? '' : ` (${failure})`}`
  },

  async run() {
    const result = await runTool('vitest', ['run', '--config', 'vitest.yggdrasil.config.ts'], {
      env: { NO_COLOR: '1' },
      timeoutMs: TIMEOUT_MS,
    })
    return outcomeOf(result, ({ output }) => /^\s*Tests +(\d+ passed)/m.exec(output)?.[1] ?? 'no tests')
  },
}
