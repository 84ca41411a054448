// `npm test`: from a bare clone, everything this machine's tools allow. What it leaves out is named; under MIMIR_CI=1
// nothing may be left out.
import './lib/node-version.mjs'
import { install, prepare } from './lib/prepare.mjs'

const installed = await prepare(() => install('all'))

// Known only now: they use what was installed.
const { runSteps } = await import('./lib/steps.mjs')
const { systemSteps } = await import('./lib/system-steps.mjs')
const { verifySteps } = await import('./lib/verify-steps.mjs')
const installStep = { name: 'install', about: 'what the lockfile says', run: () => installed }
process.exitCode = (await runSteps([installStep, ...verifySteps, ...systemSteps])) ? 0 : 1
