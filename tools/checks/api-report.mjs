// The public surface of every entry as a committed report, `packages/*/api/*.api.md`, taken from the declarations that
// are published. A change of the surface is then a line in a diff.
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { root, run } from '../lib/process.mjs'
import { publicPackages } from '../lib/workspace.mjs'

/** Lines of differences shown when the check fails. */
const SHOWN_LINES = 100

/**
 * Write the reports of all entries into `folderOf(package)`.
 * @param {(pkg: import('../lib/workspace.mjs').PublicPackage) => string} folderOf
 */
function writeReports(folderOf) {
  let count = 0
  for (const pkg of publicPackages()) {
    const reportFolder = folderOf(pkg)
    rmSync(reportFolder, { recursive: true, force: true })
    mkdirSync(reportFolder, { recursive: true })
    for (const { name, types } of pkg.entries) {
      writeReport(pkg.folder, types, reportFolder, `${name}.api.md`)
      count++
    }
  }
  return count
}

/** @param {string} projectFolder @param {string} types @param {string} reportFolder @param {string} reportFileName */
function writeReport(projectFolder, types, reportFolder, reportFileName) {
  const mainEntryPointFilePath = path.join(projectFolder, types)
  if (!existsSync(mainEntryPointFilePath)) throw new Error(`${mainEntryPointFilePath} is missing: pnpm build first`)
  const off = { logLevel: ExtractorLogLevel.None }
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder,
      mainEntryPointFilePath,
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2022',
            lib: ['es2022', 'dom'],
            module: 'nodenext',
            moduleResolution: 'nodenext',
            strict: true,
            skipLibCheck: true,
            types: ['node'],
          },
          files: [mainEntryPointFilePath],
        },
      },
      apiReport: {
        enabled: true,
        reportFolder,
        reportFileName,
        reportTempFolder: path.join(root, 'tools/.artifacts/api'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: off,
          'ae-forgotten-export': { ...off, addToApiReportFile: true },
        },
        tsdocMessageReporting: { default: off },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: path.join(projectFolder, 'package.json'),
  })
  /** @type {string[]} */
  const errors = []
  const { succeeded } = Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message) {
      if (message.logLevel === 'error') errors.push(message.formatMessageWithLocation(root))
      message.handled = true
    },
  })
  if (!succeeded) throw new Error(`API report of ${mainEntryPointFilePath}:\n${errors.join('\n')}`)
}

/** `pnpm api`: bring the committed reports up to date. */
export function updateApiReports() {
  return writeReports(({ folder }) => path.join(folder, 'api'))
}

/** @returns {Promise<import('../lib/steps.mjs').Outcome>} */
export async function checkApiReports() {
  const fresh = path.join(root, 'tools/.artifacts/api-reports')
  rmSync(fresh, { recursive: true, force: true })
  const count = writeReports(({ short }) => path.join(fresh, short))
  /** @type {string[]} */
  const differences = []
  for (const { short, folder } of publicPackages()) {
    const committed = path.join(folder, 'api')
    mkdirSync(committed, { recursive: true })
    const folders = [committed, path.join(fresh, short)].map((each) => path.relative(root, each))
    const { code, output } = await run('git', ['diff', '--no-index', '--no-color', '--ignore-cr-at-eol', ...folders])
    if (code !== 0) differences.push(...output.split('\n'))
  }
  if (differences.length === 0) return { detail: `${count} reports` }
  const shown = differences.slice(0, SHOWN_LINES)
  if (differences.length > shown.length) shown.push(`… and ${differences.length - shown.length} lines more`)
  return { failed: `${shown.join('\n')}\nthe public surface changed: if that is meant, run pnpm api and commit` }
}
