// What the workspace holds, read from the manifests.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './process.mjs'

/**
 * @typedef {object} Entry one subpath of a package
 * @property {string} subpath as in `exports`: `.` or `./peer`
 * @property {string} specifier what a user imports: `@mimirjs/wire/peer`
 * @property {string} name short name for files: `index`, `peer`
 * @property {string} js path inside the package
 * @property {string} types path inside the package
 *
 * @typedef {object} PublicPackage
 * @property {string} name `@mimirjs/wire`
 * @property {string} folder absolute
 * @property {string} short `wire`
 * @property {Record<string, any>} manifest
 * @property {Entry[]} entries
 */

/** @param {string} file */
export function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/**
 * Every published package, in alphabetical order.
 * @returns {PublicPackage[]}
 */
export function publicPackages() {
  const folder = path.join(root, 'packages')
  return readdirSync(folder)
    .sort()
    .filter((short) => existsSync(path.join(folder, short, 'package.json')))
    .map((short) => describe(path.join(folder, short)))
    .filter(({ manifest }) => manifest.private !== true)
}

/**
 * What some entries are for, and npm does not install by itself, as npm is to be told: in the versions that our tests use.
 * @param {readonly PublicPackage[]} packages
 * @returns {string[]}
 */
export function optionalPeers(packages) {
  const versions = packages.flatMap(({ manifest }) =>
    Object.keys(manifest.peerDependencies ?? {}).map((name) => `${name}@${manifest.devDependencies[name]}`),
  )
  return [...new Set(versions)]
}

/**
 * @param {string} folder
 * @returns {PublicPackage}
 */
function describe(folder) {
  const manifest = readJson(path.join(folder, 'package.json'))
  const entries = Object.entries(manifest.publishConfig?.exports ?? manifest.exports)
    .filter(([subpath]) => subpath !== './package.json')
    .map(([subpath, target]) => {
      // What Node gets, where there is a choice.
      const chosen = target.node ?? (typeof target.default === 'object' ? target.default : target)
      return {
        subpath,
        specifier: manifest.name + subpath.slice(1),
        name: subpath === '.' ? 'index' : subpath.slice(2).replaceAll('/', '-'),
        js: chosen.default,
        types: chosen.types,
      }
    })
  return { name: manifest.name, folder, short: path.basename(folder), manifest, entries }
}
