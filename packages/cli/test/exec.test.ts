import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ExecOptions, execCommand } from '../src/exec.js'
import { temporaryFolder } from './support/folder.js'
import { isRunning } from './support/mimir.js'
import { Terminal } from './support/terminal.js'

const never = new AbortController().signal

function options(terminal: Terminal, change: Partial<ExecOptions> = {}): ExecOptions {
  return {
    input: '{"text":"hi"}\n',
    env: terminal.env,
    cwd: terminal.cwd,
    stdout: undefined,
    stderr: terminal.stderr,
    timeoutMs: 20_000,
    maxOutputBytes: 1_000,
    kill: never,
    ...change,
  }
}

async function output(commandLine: string, change: Partial<ExecOptions> = {}): Promise<string> {
  return Buffer.from(await execCommand(commandLine, options(new Terminal(), change))).toString()
}

describe('the command of a message', () => {
  test('gets the input and the environment, and its output comes back', async () => {
    expect(await output('cat; echo "$MIMIR_ID"', { env: { PATH: process.env['PATH'], MIMIR_ID: '-7' } })).toBe(
      '{"text":"hi"}\n-7\n',
    )
  })

  test('nothing in the input is taken as a command', async () => {
    const cwd = temporaryFolder()
    const input = '"; touch owned; $(touch owned) `touch owned`\n'
    expect(await output('cat; ls', { input, cwd })).toBe(input)
  })

  test('its output can go to our streams instead', async () => {
    const terminal = new Terminal()
    await execCommand('echo out; echo err >&2', options(terminal, { stdout: terminal.stdout }))
    expect(terminal.out.text).toBe('out\n')
    expect(terminal.err.text).toBe('err\n')
  })

  test('a command that reads nothing is fine', async () => {
    expect(await output('true', { input: 'x'.repeat(1_000_000) })).toBe('')
  })

  test.each([
    ['exit 3', 'exit code 3'],
    ['kill -KILL $$', 'killed by SIGKILL'],
    ['no-such-command-here', 'exit code 127'],
  ])('%s fails: %s', async (commandLine, why) => {
    await expect(output(commandLine)).rejects.toThrow(
      expect.objectContaining({ name: 'CliError', code: 'command', message: expect.stringContaining(why) as string }),
    )
  })

  test('no folder to run in is a failure, not a crash', async () => {
    await expect(output('true', { cwd: join(temporaryFolder(), 'gone') })).rejects.toThrow('the command failed')
  })

  test('too much output ends it', async () => {
    await expect(output('yes')).rejects.toThrow('it printed more than 1000 bytes')
  })

  test('one that takes too long is killed with everything it started', async () => {
    const cwd = temporaryFolder()
    await expect(output('sleep 600 & echo $! > child; wait', { cwd, timeoutMs: 300 })).rejects.toThrow(
      'it ran longer than 300 ms',
    )
    const child = Number(readFileSync(join(cwd, 'child'), 'utf8'))
    await expect.poll(() => isRunning(child)).toBe(false)
  })

  test('it is killed when we have to stop', async () => {
    const kill = new AbortController()
    const ended = output('sleep 600', { kill: kill.signal })
    kill.abort()
    await expect(ended).rejects.toThrow('it was stopped')
    await expect(output('sleep 600', { kill: kill.signal })).rejects.toThrow('it was stopped')
  })
})
