import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, runNode } from '../lib/process.mjs'
import { outcomeOf } from '../lib/steps.mjs'
import { judgeCounts } from '../lib/system-steps.mjs'

/** Run a table of steps in a process of its own, as the commands do. */
async function steps(table: string, env: Record<string, string> = {}): ReturnType<typeof runNode> {
  const module = JSON.stringify(path.join(root, 'tools/lib/steps.mjs'))
  const program = `const { runSteps } = await import(${module})
    process.exitCode = (await runSteps(${table})) ? 0 : 1`
  return await runNode(['--input-type=module', '-e', program], { env: { MIMIR_CI: '', ...env } })
}

describe('runSteps', () => {
  const good = `{ name: 'good', about: 'x', run: () => {} }`

  test('counts what passed', async () => {
    const { code, stdout } = await steps(`[${good}, ${good}]`)
    expect([code, stdout.trimEnd().split('\n').at(-1)]).toEqual([0, '2 passed, 0 failed'])
  })

  test('shows the output of what failed, and goes on', async () => {
    const { code, stdout } = await steps(`[{ name: 'bad', about: 'x', run: () => ({ failed: 'because' }) }, ${good}]`)
    expect(code).toBe(1)
    expect(stdout).toMatch(/FAILED +bad.*because.*failed: bad\n1 passed, 1 failed\n$/s)
  })

  test('a step that throws has failed', async () => {
    const { code, stdout } = await steps(`[{ name: 'bad', about: 'x', run: () => { throw new Error('oh') } }]`)
    expect(code).toBe(1)
    expect(stdout).toMatch(/Error: oh/)
  })

  test('names what was left out', async () => {
    const { code, stdout } = await steps(`[{ name: 'some', about: 'x', run: () => ({ leftOut: 'no compiler' }) }]`)
    expect(code).toBe(0)
    expect(stdout).toMatch(/left out on this machine: some: no compiler\n0 passed, 0 failed\n$/)
  })

  test('names the parts left out of what passed', async () => {
    const table = `[{ name: 'some', about: 'x', run: () => ({ detail: '3 passed', missing: ['Deno', 'Bun'] }) }]`
    const { code, stdout } = await steps(table)
    expect(code).toBe(0)
    expect(stdout).toMatch(/machine: some: Deno\nleft out on this machine: some: Bun\n1 passed, 0 failed\n$/)
    expect(await steps(table, { MIMIR_CI: '1' })).toMatchObject({ code: 1 })
  })

  test('with MIMIR_CI=1 nothing may be left out', async () => {
    const table = `[{ name: 'some', about: 'x', run: () => ({ leftOut: 'no compiler' }) }]`
    const { code, stdout } = await steps(table, { MIMIR_CI: '1' })
    expect(code).toBe(1)
    expect(stdout).toMatch(/no compiler.*0 passed, 1 failed\n$/s)
  })
})

describe('outcomeOf', () => {
  const judge = (output: string, code = 0) => outcomeOf({ code, stdout: output, output })

  test('passes on how many passed, and what was left out', () => {
    expect(judge('left out: Deno\nx\n7 passed, 0 failed\n')).toEqual({
      detail: '7 passed, 0 failed',
      missing: ['Deno'],
    })
  })

  test('a program that failed has its output shown', () => {
    expect(judge('\u001b[31mboom\u001b[39m', 3)).toEqual({ failed: 'boom\nexit code 3' })
  })
})

describe('judgeCounts', () => {
  const judge = (line: string, code = 0) => judgeCounts({ code, stdout: `talk\n${line}\n`, output: `talk\n${line}\n` })

  test('accepts every message once', () => {
    expect(judge('{"accepted":2,"delivered":2,"lost":0,"duplicated":0}')).toHaveProperty('detail')
  })

  test.each([
    '{"accepted":2,"delivered":1,"lost":1,"duplicated":0}',
    '{"accepted":2,"delivered":2,"lost":0,"duplicated":1}',
    '{"accepted":0,"delivered":0,"lost":0,"duplicated":0}',
    '{"accepted":2,"delivered":1,"lost":0,"duplicated":0}',
    '{"accepted":2,"delivered":2,"lost":0}',
    'not JSON',
  ])('refuses %s', (line) => {
    expect(judge(line)).toHaveProperty('failed')
  })

  test('refuses a failed program whatever it printed', () => {
    expect(judge('{"accepted":2,"delivered":2,"lost":0,"duplicated":0}', 1)).toHaveProperty('failed')
  })
})
