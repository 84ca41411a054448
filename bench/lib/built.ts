import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const PACKAGES = new URL('../../packages/', import.meta.url)

/**
 * The published form of a package is what is measured, so it must have been built.
 *
 * @returns the files that are missing, as paths below `packages/`
 */
export function missingBuilds(packages: readonly string[]): string[] {
  return packages.flatMap((name) => {
    const manifestPath = fileURLToPath(new URL(`${name}/package.json`, PACKAGES))
    const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as { exports: unknown }
    return builtFiles(manifest.exports)
      .map((file) => `${name}/${file.replace('./', '')}`)
      .filter((file) => !existsSync(new URL(file, PACKAGES)))
  })
}

function builtFiles(exports: unknown): string[] {
  if (typeof exports === 'string') return exports.endsWith('.js') ? [exports] : []
  if (typeof exports !== 'object' || exports === null) return []
  return Object.entries(exports).flatMap(([condition, target]) =>
    condition === 'mimir:source' || condition === 'types' ? [] : builtFiles(target),
  )
}
