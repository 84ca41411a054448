// The root commands as they are called: what they say about arguments that they do not understand.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { parseOptions as benchOptions } from '../../bench/lib/options.js'
import { parseOptions as chaosOptions } from '../chaos/options.js'
import { root, runNode, runTool } from '../lib/process.mjs'

const COMMANDS = {
  bench: 'bench/main.ts',
  chaos: 'tools/chaos/main.ts',
  conformance: 'tools/conformance/main.ts',
  fuzz: 'tools/fuzz/main.ts',
  soak: 'tools/soak/main.ts',
} as const

const call = (name: keyof typeof COMMANDS, ...args: string[]) =>
  runTool('tsx', ['--conditions=mimir:source', COMMANDS[name], ...args])

test.each(Object.keys(COMMANDS) as (keyof typeof COMMANDS)[])('%s: --help, and options that are none', async (name) => {
  const help = await call(name, '--help')
  expect([help.code, help.output]).toEqual([0, expect.stringContaining(name)])
  const bogus = await call(name, '--bogus')
  expect([bogus.code, bogus.stdout, bogus.output]).toEqual([2, '', expect.stringMatching(/^[^\n]*--bogus[^\n]*\n$/)])
})

test.each([
  [chaosOptions, ['--messages', '-5'], '--messages: expected a whole number from 0 on, got -5'],
  [chaosOptions, ['--kills', 'many'], '--kills: expected a whole number from 0 on, got many'],
  [chaosOptions, ['nonsense'], 'nothing is called nonsense; there is groups'],
  [chaosOptions, ['toString'], 'nothing is called toString; there is groups'],
  [chaosOptions, ['--mixed', 'groups'], '--mixed is for people who write to each other: leave it out with groups'],
  [benchOptions, ['nonsense'], 'no benchmark is called "nonsense"'],
])('%o %s', (parse, args, reason) => {
  expect(() => parse(args)).toThrow(reason)
  expect(() => parse(args)).not.toThrow('\n')
})

test('chaos: what is asked for, and what is not', () => {
  const modes = { groups: false, mixed: false }
  const defaults = { seed: 1, messages: 2000, kills: 30, ...modes, keep: false, json: false, help: false }
  expect(chaosOptions([])).toEqual(defaults)
  expect(chaosOptions(['groups', '--kills', '4'])).toEqual({ ...defaults, groups: true, kills: 4 })
  expect(chaosOptions(['--', '--seed', '7', '--json'])).toEqual({ ...defaults, seed: 7, json: true })
  expect(chaosOptions(['--mixed'])).toEqual({ ...defaults, mixed: true })
})

test('bench: mediator with its store and the proof of work, yggdrasil with the box', () => {
  expect(benchOptions(['mediator']).subjects).toEqual(['mediator', 'mediator-store', 'pow'])
  expect(benchOptions(['pow']).subjects).toEqual(['pow'])
  expect(benchOptions(['yggdrasil']).subjects).toEqual(['box', 'yggdrasil'])
})

test.each([
  ['fuzz', ['--seconds', '-5'], 'fuzz: --seconds: expected a number from 0 on, got -5'],
  ['bench', ['--quick', '--json', 'no-such-folder/x.json'], 'bench: --json: ENOENT'],
] as const)('%s %s: one line, at once, and 2', async (name, args, reason) => {
  const { code, stdout, output } = await call(name, ...args)
  expect([code, stdout, output]).toEqual([2, '', expect.stringMatching(/^[^\n]+\n$/)])
  expect(output).toContain(reason)
})

test('verify: one line and 2', async () => {
  for (const args of [['--bogus'], ['--only', 'nothing'], ['stray']]) {
    const { code, output } = await runNode(['tools/verify.mjs', ...args])
    expect([code, output]).toEqual([2, expect.stringMatching(/^verify: [^\n]+\n$/)])
  }
})

test('bench --json means a file as the caller sees it', () => {
  onTestFinished(() => void vi.unstubAllEnvs())
  const folder = mkdtempSync(path.join(tmpdir(), 'mimirjs-commands-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  vi.stubEnv('INIT_CWD', folder)
  expect(benchOptions(['--json', 'x.json']).json).toBe(path.join(folder, 'x.json'))
  expect(benchOptions(['--json', path.resolve('x.json')]).json).toBe(path.resolve('x.json'))
})

test('every command but those of a bare clone installs first what it needs', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const { start, test: all, release, ...others } = scripts
  for (const script of Object.values(others)) expect(script).toMatch(/^node tools\/install\.mjs (all )?&& /)
  for (const script of [start, all, release])
    expect(existsSync(path.join(root, script!.replace('node ', '')))).toBe(true)
})
