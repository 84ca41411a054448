// Tables that say which test shows a thing: every test they name has to be there.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from '../lib/process.mjs'

/** Documents with such tables. */
const DOCUMENTS = ['README.md', 'docs/threat-model.md']

/**
 * @typedef {object} NamedTest
 * @property {string} file path in the repository, with `/`
 * @property {number} line where it is named, counted from 1
 */

/**
 * The tests that rows of tables name, as code. In a cell a name without a folder is in the folder of the one before it.
 * @param {string} markdown
 * @returns {NamedTest[]}
 */
export function namedTests(markdown) {
  return markdown.split(/\r?\n/).flatMap((line, index) => {
    if (!line.startsWith('|')) return []
    return line.split('|').flatMap((cell) => {
      let folder = ''
      return [...cell.matchAll(/`([^`\s]+[.]test[.]ts)`/g)].map(([, name = '']) => {
        if (name.includes('/')) folder = path.posix.dirname(name)
        return { file: name.includes('/') ? name : path.posix.join(folder, name), line: index + 1 }
      })
    })
  })
}

/**
 * @param {string} [folder] a checkout
 * @param {readonly string[]} [documents] in it
 * @returns {Promise<import('../lib/steps.mjs').Outcome>}
 */
export async function checkNamedTests(folder = root, documents = DOCUMENTS) {
  /** @type {string[]} */
  const failed = []
  let count = 0
  for (const document of documents) {
    const named = namedTests(readFileSync(path.join(folder, document), 'utf8'))
    if (named.length === 0) failed.push(`${document} names no test: has its table changed its form?`)
    count += named.length
    for (const { file, line } of named) {
      if (!existsSync(path.join(folder, file))) failed.push(`${document}:${line} names ${file}, which is not there`)
    }
  }
  return failed.length > 0 ? { failed: failed.join('\n') } : { detail: `${count} tests are named and there` }
}
