import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { goBuild, runGo } from '../go.js'
import { ARTIFACTS, type Mp2pPrograms, programsIn } from './go.js'

const MODULE = 'github.com/jreamy/mp2p'
/** The newest one; the protocol's description compares its behaviour with this one's. */
const COMMIT = '11ef521'
const DOWNLOAD_TIMEOUT_MS = 120_000

/** The published programs, built unmodified; or why this machine cannot have them. */
export type Original = { readonly programs: Mp2pPrograms } | { readonly missing: string }

/**
 * Build the published programs: from the checkout that MIMIR_MP2P names, else from the module proxy, which does not serve
 * them everywhere. Only what is built already costs no question to the proxy.
 *
 * @throws {Error} when MIMIR_MP2P names something that cannot be built
 */
export function buildOriginal(): Original {
  const checkout = process.env['MIMIR_MP2P']
  return checkout === undefined || checkout === '' ? fromProxy() : { programs: fromCheckout(checkout) }
}

function fromCheckout(folder: string): Mp2pPrograms {
  if (!existsSync(path.join(folder, 'go.mod'))) throw new Error(`MIMIR_MP2P: no checkout of ${MODULE}: ${folder}`)
  const output = path.join(ARTIFACTS, 'checkout')
  try {
    goBuild(folder, ['./examples/server', './examples/client'], output)
  } catch (error) {
    throw new Error(`MIMIR_MP2P: no checkout of ${MODULE} that can be built: ${folder}: ${reason(error)}`)
  }
  return programsIn(output)
}

function fromProxy(): Original {
  const output = path.join(ARTIFACTS, COMMIT)
  const programs = programsIn(output)
  if (existsSync(programs.server) && existsSync(programs.client)) return { programs }
  // A module of its own: nothing of theirs becomes a dependency of this repository.
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mimir-mp2p-'))
  const packages = ['server', 'client'].map((name) => `${MODULE}/examples/${name}`)
  try {
    runGo(folder, ['mod', 'init', 'original'])
    runGo(folder, ['get', ...packages.map((name) => `${name}@${COMMIT}`)], DOWNLOAD_TIMEOUT_MS)
    goBuild(folder, packages, output)
    return { programs }
  } catch (error) {
    return { missing: `go get ${MODULE}@${COMMIT}: ${reason(error).split('; ', 1)[0]}` }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The last thing Go said, on one line. */
function reason(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: Uint8Array | null }
  // There is none when Go could not be started, or took too long.
  const said = stderr instanceof Uint8Array ? new TextDecoder().decode(stderr).trim() : ''
  return (said === '' ? message : said).replaceAll(/\s*\n\s*/g, '; ')
}
