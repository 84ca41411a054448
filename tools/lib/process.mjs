// Child processes of the tools: run to the end, output collected, nothing left behind.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Absolute path of the repository, whatever the working directory is. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd] default: the repository
 * @property {Record<string, string>} [env] added to our own environment
 * @property {number} [timeoutMs] the whole process group is killed after it
 * @property {(text: string) => void} [onOutput] called with output as it comes
 *
 * @typedef {object} Result
 * @property {number} code exit code; 124 after a timeout, 127 when the program could not be started
 * @property {string} output stdout and stderr, as they came
 * @property {string} stdout
 */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()

/** @param {import('node:child_process').ChildProcess} child */
function killGroup(child) {
  if (child.pid === undefined) return
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(child.pid), '/t', '/f'])
    return
  }
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error
  }
}

function killAll() {
  for (const child of running) killGroup(child)
}

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }
/** @param {'SIGINT' | 'SIGTERM' | 'SIGHUP'} signal */
const onSignal = (signal) => process.exit(exitCodes[signal])

/** While children run, our end is theirs too. @param {'once' | 'removeListener'} method */
function guard(method) {
  process[method]('exit', killAll)
  for (const signal of Object.keys(exitCodes)) process[method](signal, onSignal)
}

/**
 * Run a program without a shell until it ends. Never rejects.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<Result>}
 */
export function run(file, args, { cwd = root, env = {}, timeoutMs, onOutput } = {}) {
  return new Promise((resolve) => {
    let output = ''
    let stdout = ''
    let timedOut = false
    // Its own process group, so that a timeout also ends what it started.
    const child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    })
    if (running.size === 0) guard('once')
    running.add(child)
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true
            killGroup(child)
          }, timeoutMs)
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
      output += text
      onOutput?.(text)
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output += text
      onOutput?.(text)
    })
    /** @param {number} code */
    const finish = (code) => {
      clearTimeout(timer)
      running.delete(child)
      if (running.size === 0) guard('removeListener')
      if (timedOut) output += `\n${path.basename(file)}: killed after ${timeoutMs} ms\n`
      resolve({ code: timedOut ? 124 : code, output, stdout })
    }
    child.once('error', (error) => {
      output += `${error.message}\n`
      finish(127)
    })
    child.once('close', (code, signal) => {
      if (signal !== null && !timedOut) output += `\n${path.basename(file)}: ended by ${signal}\n`
      finish(code ?? 1)
    })
  })
}

/**
 * Run a JavaScript file with our own Node.
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export function runNode(args, options) {
  return run(process.execPath, args, options)
}

/**
 * The JavaScript file behind a command of a root devDependency: no shell and no `.cmd` file is needed to start it.
 * @param {string} packageName
 * @param {string} [command] default: the package's name
 */
export function commandFile(packageName, command = packageName) {
  const folder = path.join(root, 'node_modules', packageName)
  const { bin } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const file = typeof bin === 'string' ? bin : bin?.[command]
  if (file === undefined) throw new Error(`${packageName} has no command ${command}`)
  return path.join(folder, file)
}

/**
 * Run a command of a root devDependency.
 * @param {string} packageName
 * @param {readonly string[]} args
 * @param {RunOptions & { command?: string }} [options]
 */
export function runTool(packageName, args, { command, ...options } = {}) {
  return runNode([commandFile(packageName, command), ...args], options)
}

/**
 * Run npm, found without a shell: beside the npm that started us, else beside our Node.
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export function runNpm(args, options) {
  const fromNpm = process.env.npm_execpath
  const candidates = [
    fromNpm && path.basename(fromNpm) === 'npm-cli.js' ? fromNpm : undefined,
    path.join(path.dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js'),
    path.join(path.dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js'),
  ]
  const file = candidates.find((candidate) => candidate !== undefined && existsSync(candidate))
  return file === undefined ? run('npm', args, options) : runNode([file, ...args], options)
}
