import { findGo, installGo, LEAST_GO } from '../../interop/go.js'
import { missingPackages, whyNoNamespaces } from '../../interop/multicast/namespaces.js'
import { runTool } from '../lib/process.mjs'
import { outcomeOf } from '../lib/steps.mjs'
import { installPackages } from './debian.js'
import { MIMIR_CI, type Suite } from './suite.js'

const TIMEOUT_MS = 600_000

/** How the tests say that they ran against the model alone. */
const WITHOUT_ORIGINAL = /^WITHOUT THE ORIGINAL.*$/m

export const multicast: Suite = {
  name: 'multicast',
  about: 'our multicast sessions and examples against the original mp2p programs and a model of them',
  needs: `Linux, root for network namespaces, ip, and Go from ${LEAST_GO} on; MIMIR_MP2P=FOLDER names a checkout of github.com/jreamy/mp2p`,

  check() {
    if (process.platform !== 'linux') return whyNoNamespaces()
    return (
      installed(
        missingPackages,
        (packages) => `no programs of Debian's ${packages.join(', ')} here`,
        (packages) => installPackages(...packages),
      ) ??
      whyNoNamespaces() ??
      installed(
        () => (findGo() === undefined ? ['Go'] : []),
        () => 'no Go here that is new enough',
        () => installGo(() => installPackages('python3-pip')),
      )
    )
  },

  async run() {
    const result = await runTool('vitest', ['run', '--config', 'vitest.multicast.config.ts'], {
      env: { NO_COLOR: '1' },
      timeoutMs: TIMEOUT_MS,
    })
    // Not a failure where the module proxy does not serve the original, but never silent.
    const without = WITHOUT_ORIGINAL.exec(result.output)?.[0]
    if (without !== undefined) console.log(without)
    return outcomeOf(result, ({ output }) => {
      const passed = /^\s*Tests +(\d+ passed)/m.exec(output)?.[1] ?? 'no tests'
      return `${passed}, against ${without === undefined ? 'the original and its model' : 'A MODEL OF THE ORIGINAL ONLY'}`
    })
  },
}

/** @returns what is still missing, after an attempt to install it where that is allowed */
function installed(
  missing: () => string[],
  describe: (missing: readonly string[]) => string,
  install: (missing: readonly string[]) => string | undefined,
): string | undefined {
  const first = missing()
  if (first.length === 0) return undefined
  const failure = MIMIR_CI ? install(first) : undefined
  const still = missing()
  if (still.length === 0) return undefined
  return `${describe(still)}${failure === undefined ? '' : ` (${failure})`}`
}
