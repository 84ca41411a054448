import { Writable } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { CliError } from '../src/error.js'
import { isClosedPipe, Output, reporting } from '../src/output.js'
import { Terminal, type TerminalOptions } from './support/terminal.js'

function make(options: { json?: boolean; verbosity?: 'quiet' | 'normal' | 'verbose' } & TerminalOptions = {}) {
  const terminal = new Terminal(options)
  return { terminal, output: new Output(terminal, { json: false, verbosity: 'normal', ...options }) }
}

describe('output', () => {
  afterEach(() => void vi.useRealTimers())

  test('a result is text for people and JSON for scripts', async () => {
    const people = make()
    await people.output.result({ event: 'x' }, 'it is x')
    expect(people.terminal.out.text).toBe('it is x\n')
    const scripts = make({ json: true })
    await scripts.output.result({ event: 'x', text: '\u001b[2J' }, () => 'not asked for')
    expect(scripts.terminal.out.text).toBe('{"event":"x","text":"\\u001b[2J"}\n')
  })

  test('what happens meanwhile is for people who want it', () => {
    for (const [options, told] of [
      [{}, 'working\n'],
      [{ verbosity: 'verbose' }, 'working\n'],
      [{ verbosity: 'quiet' }, ''],
      [{ json: true }, ''],
    ] as const) {
      const { terminal, output } = make(options)
      output.status('working')
      expect(terminal.err.text).toBe(told)
    }
  })

  test('a failure is one line on stderr', () => {
    const people = make({ verbosity: 'quiet' })
    expect(people.output.failure(new CliError('bad-key', 'who is\n  \u001b[2J?'))).toBe(2)
    expect(people.terminal.err.text).toBe('mimir: who is \\u001b[2J?\n')
    const scripts = make({ json: true })
    scripts.output.failure(new CliError('bad-key', 'who?'))
    expect(scripts.terminal.err.json).toEqual([{ error: 'bad-key', message: 'who?', exitCode: 2 }])
    expect(scripts.terminal.out.text).toBe('')
  })

  test('what fails again and again is said once a minute', () => {
    vi.useFakeTimers()
    const { terminal, output } = make()
    for (let at = 0; at < 8; at++)
      for (const message of ['not stored', 'not read']) output.warn(new CliError('file', message))
    const once = ['mimir: not stored', 'mimir: not read']
    expect(terminal.err.all).toEqual(once)
    vi.advanceTimersByTime(60_000)
    for (const message of ['not stored', 'not read']) output.warn(new CliError('file', message))
    expect(terminal.err.all).toEqual([...once, ...once])
    // What ends the command is always said.
    output.failure(new CliError('file', 'not stored'))
    expect(terminal.err.all).toHaveLength(5)
  })

  test('when output fails, what was done before is said; nothing else is changed', async () => {
    const failing = (error: Error): Promise<never> => reporting('it is done', () => Promise.reject(error))
    await expect(failing(new CliError('output', 'no room'))).rejects.toThrow(
      expect.objectContaining({ code: 'output', exitCode: 5, message: 'it is done, but no room' }),
    )
    const other = new CliError('not-delivered', 'later')
    await expect(failing(other)).rejects.toBe(other)
    expect(await reporting('it is done', () => Promise.resolve(1))).toBe(1)
  })

  test('the log is for --verbose, without what JSON cannot carry', () => {
    const silent = make()
    silent.output.log('info', {}, 'hello')
    expect(silent.terminal.err.text).toBe('')
    const verbose = make({ verbosity: 'verbose', json: true })
    verbose.output.log('warn', { err: new Error('broken'), id: 5n, key: new Uint8Array([255]) }, 'hello')
    expect(verbose.terminal.err.json).toEqual([{ level: 'warn', message: 'hello', err: 'broken', id: '5', key: 'ff' }])
  })

  test('colours only on a terminal whose owner did not say no', () => {
    const paint = (options: TerminalOptions): string => make(options).output.paint('red', 'x')
    expect(paint({ isTTY: true })).toBe('\u001b[31mx\u001b[39m')
    expect(paint({})).toBe('x')
    expect(paint({ isTTY: true, env: { NO_COLOR: '1' } })).toBe('x')
    expect(paint({ isTTY: true, env: { NO_COLOR: '' } })).toBe('\u001b[31mx\u001b[39m')
    expect(paint({ isTTY: true, env: { TERM: 'dumb' } })).toBe('x')
  })

  test('a reader that went away is told from a full disk', async () => {
    const failing = async (code: string): Promise<unknown> => {
      const stdout = new Writable({
        write: (_chunk, _encoding, done) =>
          done(Object.assign(new Error(`write ${code}`), { code, syscall: 'write', errno: -1 })),
      })
      stdout.on('error', () => {})
      const { terminal } = make()
      const output = new Output({ ...terminal, stdout }, { json: false, verbosity: 'normal' })
      return output.write('x').catch((error: unknown) => error)
    }
    const gone = await failing('EPIPE')
    expect(gone).toMatchObject({ name: 'CliError', code: 'output' })
    expect(isClosedPipe(gone)).toBe(true)
    const full = await failing('ENOSPC')
    expect(full).toMatchObject({ code: 'output', message: expect.stringContaining('the disk is full') as string })
    expect(isClosedPipe(full)).toBe(false)
  })
})
