import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { HEADERS } from '../serve/page-files.js'

/**
 * The service worker of one release. It keeps all that was built under names that change with what is in it; of everything else
 * that it keeps, and how that is served, it has a hash, so that it is another one whenever any of it is.
 * @param root - folder of the example
 * @param assets - what was built, as the page asks for it
 * @param headers - what every file of the page is served with
 */
export function serviceWorker(root: string, assets: readonly string[], headers: object = HEADERS): string {
  const names = JSON.stringify([...assets].sort())
  const release = createHash('sha256').update(names).update(JSON.stringify(headers))
  const files = readdirSync(path.join(root, 'public')).sort()
  for (const file of ['index.html', ...files.map((name) => path.join('public', name))])
    release.update(readFileSync(path.join(root, file)))
  return readFileSync(path.join(root, 'src/page/sw.js'), 'utf8')
    .replace('__ASSETS__', names)
    .replace('__RELEASE__', release.digest('hex').slice(0, 16))
}
