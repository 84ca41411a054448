import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { EXECUTABLE, goBuild, moduleFolder } from '../go.js'

const FOLDER = moduleFolder('yggdrasil')

/** Paths of the built programs. */
export interface GoPrograms {
  /** A real yggdrasil-go node, steered from outside. */
  readonly node: string
  /** A slow and lossy line between two network namespaces. */
  readonly emulator: string
}

/**
 * Build the Go programs; what is built already costs less than a second.
 *
 * @throws {Error} when there is no Go, or it cannot build them
 */
export function buildPrograms(): GoPrograms {
  const output = path.join(FOLDER, '.artifacts/bin')
  goBuild(FOLDER, ['./...'], output)
  return { node: path.join(output, `node${EXECUTABLE}`), emulator: path.join(output, `emulator${EXECUTABLE}`) }
}

/** Why this machine cannot have the emulated line; `undefined` when it can. */
export function whyNoLine(): string | undefined {
  if (process.platform !== 'linux') return 'no Linux, so no TUN devices in network namespaces'
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK)
  } catch {
    return 'no /dev/net/tun that we may open'
  }
  const { status, error } = spawnSync('unshare', ['--net', 'true'], { stdio: 'ignore' })
  if (error !== undefined) return 'no unshare, which util-linux has'
  return status === 0 ? undefined : 'no right to make network namespaces, which root has'
}
