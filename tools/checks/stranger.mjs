// The stranger: an empty project outside the repository that installs our tarballs with npm and uses them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pack } from '../lib/pack.mjs'
import { root, runNode, runNpm, runTool } from '../lib/process.mjs'
import { optionalPeers, publicPackages, readJson } from '../lib/workspace.mjs'
import { collectExamples, proseFiles, runErrors, typeErrors } from './docs-examples.mjs'

const INSTALL_TIMEOUT_MS = 240_000

/**
 * Each import style as a program that touches every subpath and fails on an empty one.
 * @type {Record<string, (specifier: string) => string>}
 */
const loaders = {
  'import.mjs': (specifier) => `await import('${specifier}')`,
  'require.cjs': (specifier) => `require('${specifier}')`,
}

/** @param {readonly string[]} specifiers @param {(specifier: string) => string} load */
function loaderProgram(specifiers, load) {
  const checks = specifiers.map(
    (specifier) =>
      `  if (Object.keys(${load(specifier)}).length === 0) throw new Error('${specifier} exports nothing')`,
  )
  return `async function main() {\n${checks.join('\n')}\n}\nmain()\n`
}

/** @param {readonly string[]} specifiers */
function typesProgram(specifiers) {
  const imports = specifiers.map((specifier, at) => `import * as m${at} from '${specifier}'`)
  return `${imports.join('\n')}\nexport const all: readonly object[] = [${specifiers.map((_, at) => `m${at}`)}]\n`
}

/** Whether it has an entry for browsers, or needs nothing of Node at all. @param {import('../lib/workspace.mjs').PublicPackage} pkg */
function isPortable({ folder, manifest }) {
  if (manifest.publishConfig.exports['.'].node !== undefined) return true
  return readJson(path.join(folder, 'tsconfig.json')).compilerOptions.types?.length === 0
}

/** @returns {Promise<import('../lib/steps.mjs').Outcome>} */
export async function checkStranger() {
  const packages = publicPackages()
  const specifiers = packages.flatMap(({ entries }) => entries.map(({ specifier }) => specifier))
  const portable = packages.filter(isPortable).flatMap(({ entries }) => entries.map(({ specifier }) => specifier))
  const tarballs = []
  for (const { folder } of packages) tarballs.push(await pack(folder, path.join(root, '.pack')))

  const project = mkdtempSync(path.join(tmpdir(), 'mimirjs stranger '))
  try {
    const { devDependencies } = readJson(path.join(root, 'package.json'))
    writeFileSync(
      path.join(project, 'package.json'),
      JSON.stringify({ name: 'stranger', private: true, type: 'module' }),
    )
    const typesNode = `@types/node@${devDependencies['@types/node']}`
    const others = [typesNode, ...optionalPeers(packages)]
    const installed = await runNpm(['install', '--no-audit', '--no-fund', ...tarballs, ...others], {
      cwd: project,
      timeoutMs: INSTALL_TIMEOUT_MS,
    })
    if (installed.code !== 0) return { failed: installed.output }

    for (const [file, load] of Object.entries(loaders)) {
      writeFileSync(path.join(project, file), loaderProgram(specifiers, load))
      const loaded = await runNode([file], { cwd: project, timeoutMs: 60_000 })
      if (loaded.code !== 0) return { failed: `${file}\n${loaded.output}` }
    }

    // Our declarations are checked in full here, as a project without skipLibCheck does.
    const shared = { noEmit: true, strict: true, target: 'es2022' }
    const bundler = { ...shared, module: 'esnext', moduleResolution: 'bundler' }
    for (const { name, imports, compilerOptions } of [
      { name: 'nodenext', imports: specifiers, compilerOptions: { ...shared, module: 'nodenext', types: ['node'] } },
      { name: 'bundler', imports: specifiers, compilerOptions: { ...bundler, types: ['node'] } },
      { name: 'browser', imports: portable, compilerOptions: { ...bundler, lib: ['es2022', 'dom'], types: [] } },
    ]) {
      writeFileSync(path.join(project, `${name}.ts`), typesProgram(imports))
      const config = { compilerOptions, files: [`${name}.ts`] }
      writeFileSync(path.join(project, `tsconfig.${name}.json`), JSON.stringify(config))
      const args = ['-p', `tsconfig.${name}.json`]
      const compiled = await runTool('typescript', args, { command: 'tsc', cwd: project, timeoutMs: 120_000 })
      if (compiled.code !== 0) return { failed: `types for ${name}\n${compiled.output}` }
    }

    const readmes = collectExamples(proseFiles().filter((file) => path.basename(file) === 'README.md'))
    const folder = path.join(project, 'examples')
    mkdirSync(folder)
    const errors = typeErrors(readmes, folder) || (await runErrors(readmes, folder))
    if (errors !== '') return { failed: errors }

    const { version } = readJson(path.join(root, 'packages/cli/package.json'))
    const mimir = await runNpm(['exec', '--no', '--', 'mimir', '--version'], { cwd: project, timeoutMs: 60_000 })
    if (mimir.code !== 0 || mimir.stdout.trim() !== version) {
      return { failed: `mimir --version: expected ${version}, exit code ${mimir.code}\n${mimir.output}` }
    }
    return {
      detail: `${packages.length} tarballs, ${specifiers.length} entries by import and require, types, READMEs, mimir`,
    }
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
}
