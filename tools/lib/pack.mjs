// Tarballs as npm would publish them.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { commandFile, runNode } from './process.mjs'

/**
 * Pack a package as pnpm publishes it: with `publishConfig.exports` and real versions in place.
 * @param {string} folder of the package
 * @param {string} destination folder for the tarball; older ones of this package are removed from it
 * @returns {Promise<string>} path of the tarball
 */
export async function pack(folder, destination) {
  mkdirSync(destination, { recursive: true })
  const own = new RegExp(`^mimirjs-${path.basename(folder)}-\\d+[.]\\d+[.]\\d+.*[.]tgz$`)
  const tarballs = () => readdirSync(destination).filter((file) => own.test(file))
  for (const old of tarballs()) rmSync(path.join(destination, old))
  const result = await runNode([commandFile('pnpm'), 'pack', '--pack-destination', destination], { cwd: folder })
  const [tarball] = tarballs()
  if (result.code !== 0 || tarball === undefined) throw new Error(`pnpm pack failed in ${folder}\n${result.output}`)
  return path.join(destination, tarball)
}
