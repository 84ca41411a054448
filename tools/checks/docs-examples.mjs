// The TypeScript in our prose: every ```ts block compiles; one whose first line is `// run` is also executed.
// A block whose first line is `// continues` belongs to the block before it. One whose first line is `// page` is for
// browsers: it compiles with what they have, without Node; `pnpm interop browser` runs it.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import ts from 'typescript'
import { root, runNode } from '../lib/process.mjs'
import { publicPackages } from '../lib/workspace.mjs'

const RUN_TIMEOUT_MS = 60_000

/**
 * @typedef {object} Example
 * @property {string} name file name without extension
 * @property {string} file the Markdown file, relative to the repository
 * @property {string} code
 * @property {{ file: string, line: number }[]} origins where each line of `code` stands, line counted from 1
 * @property {boolean} runs
 * @property {boolean} isPage
 */

/** Every Markdown file that users read: the root's, the packages' and the guides. */
export function proseFiles() {
  const guides = path.join(root, 'docs')
  return [
    path.join(root, 'README.md'),
    path.join(root, 'SECURITY.md'),
    ...publicPackages().map(({ folder }) => path.join(folder, 'README.md')),
    ...(existsSync(guides) ? readdirSync(guides, { recursive: true, encoding: 'utf8' }) : [])
      .filter((file) => file.endsWith('.md'))
      .sort()
      .map((file) => path.join(guides, file)),
  ].filter((file) => existsSync(file))
}

/**
 * Take the `ts` blocks out of Markdown files.
 * @param {readonly string[]} files
 * @returns {Example[]}
 */
export function collectExamples(files) {
  /** @type {Example[]} */
  const examples = []
  for (const file of files) {
    const shown = path.relative(root, file).split(path.sep).join('/')
    const lines = readFileSync(file, 'utf8').split(/\r?\n/)
    for (let at = 0; at < lines.length; at++) {
      const [, indent = '', ticks] = /^(\s*)(`{3,})(?:ts|typescript)\s*$/.exec(lines[at] ?? '') ?? []
      if (ticks === undefined) continue
      const first = at + 1
      while (++at < lines.length && lines[at]?.trim() !== ticks);
      const block = lines.slice(first, at).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
      const origins = block.map((_, index) => ({ file: shown, line: first + index + 1 }))
      const previous = examples.at(-1)
      if (block[0]?.trim() === '// continues' && previous?.file === shown) {
        previous.code += `\n${block.join('\n')}`
        previous.origins.push(...origins)
      } else if (block.length > 0) {
        const name = `${shown.replace(/[.]md$/, '').replaceAll('/', '-')}-L${first + 1}`
        const mark = block[0]?.trim()
        const [runs, isPage] = [mark === '// run', mark === '// page']
        examples.push({ name, file: shown, code: block.join('\n'), origins, runs, isPage })
      }
    }
  }
  return examples
}

/**
 * Type-check examples as modules inside `folder`, from where their imports are resolved.
 * @param {readonly Example[]} examples
 * @param {string} folder
 * @param {ts.CompilerOptions} [options] added to ours
 * @returns {string} errors, placed where they stand in the Markdown; empty when there are none
 */
export function typeErrors(examples, folder, options = {}) {
  const [pages, programs] = [examples.filter(({ isPage }) => isPage), examples.filter(({ isPage }) => !isPage)]
  const errors = [
    compile(programs, folder, { ...NODE, ...options }),
    compile(pages, folder, {
      ...BROWSER,
      ...options,
      customConditions: [...(options.customConditions ?? []), 'browser'],
    }),
  ]
  return errors.flat().join('\n')
}

/** @type {ts.CompilerOptions} */
const NODE = {
  lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  typeRoots: [path.join(root, 'node_modules/@types')],
}

/** What bundlers for browsers choose. @type {ts.CompilerOptions} */
const BROWSER = {
  lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: [],
}

/**
 * @param {readonly Example[]} examples
 * @param {string} folder
 * @param {ts.CompilerOptions} options
 * @returns {string[]} errors
 */
function compile(examples, folder, options) {
  if (examples.length === 0) return []
  /** @type {Map<string, Example>} */
  const byFile = new Map()
  for (const example of examples) {
    const file = path.join(folder, `${example.name}.mts`)
    writeFileSync(file, `${example.code}\nexport {}\n`)
    byFile.set(path.normalize(file), example)
  }
  const program = ts.createProgram([...byFile.keys()], {
    target: ts.ScriptTarget.ES2022,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    noEmit: true,
    ...options,
  })
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n  ')
    const { file, start = 0 } = diagnostic
    if (file === undefined) return text
    const { line } = file.getLineAndCharacterOfPosition(start)
    const origin = byFile.get(path.normalize(file.fileName))?.origins[line]
    return `${origin === undefined ? `${file.fileName}:${line + 1}` : `${origin.file}:${origin.line}`} ${text}`
  })
}

/**
 * Execute the examples that say `// run`, each in an empty working directory; their imports are resolved from `folder`.
 * @param {readonly Example[]} examples
 * @param {string} folder
 * @returns {Promise<string>} what failed; empty when nothing did
 */
export async function runErrors(examples, folder) {
  /** @type {string[]} */
  const errors = []
  for (const example of examples.filter(({ runs }) => runs)) {
    const file = path.join(folder, `${example.name}.mjs`)
    const { outputText } = ts.transpileModule(example.code, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    })
    writeFileSync(file, outputText)
    const cwd = mkdtempSync(path.join(tmpdir(), 'mimirjs-example-'))
    const { code, output } = await runNode([file], { cwd, timeoutMs: RUN_TIMEOUT_MS })
    rmSync(cwd, { recursive: true, force: true })
    if (code !== 0) errors.push(`${example.file}:${example.origins[0]?.line} exit code ${code}\n${output}`)
  }
  return errors.join('\n')
}

/** @returns {Promise<import('../lib/steps.mjs').Outcome>} */
export async function checkDocsExamples() {
  // Below `tools`, whose manifest depends on every package.
  const folder = path.join(root, 'tools/.artifacts/docs-examples')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const examples = collectExamples(proseFiles())
  const errors =
    typeErrors(examples, folder, { customConditions: ['mimir:source'] }) || (await runErrors(examples, folder))
  const runs = examples.filter(({ runs }) => runs).length
  return errors === '' ? { detail: `${examples.length} compile, ${runs} of them run` } : { failed: errors }
}
