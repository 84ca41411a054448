import { expect, test } from 'vitest'
import { run, runNode } from '../lib/process.mjs'

const node = (program: string, options?: Parameters<typeof runNode>[1]) => runNode(['-e', program], options)

test('collects both outputs, and stdout alone', async () => {
  const result = await node('console.log("out"); console.error("err"); process.exitCode = 3')
  expect(result.code).toBe(3)
  expect(result.stdout).toBe('out\n')
  expect(result.output.split('\n').sort()).toEqual(['', 'err', 'out'])
})

test('a program that hangs is killed with what it started', async () => {
  const grandchild = 'setInterval(() => {}, 1000)'
  const program = `const { spawn } = require('node:child_process')
    const child = spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'inherit' })
    console.log(child.pid)
    setInterval(() => {}, 1000)`
  // The outputs stay open as long as the grandchild lives, so the end of the run is the end of both.
  const result = await node(program, { timeoutMs: 1500 })
  expect(result.code).toBe(124)
  expect(result.output).toMatch(/killed after 1500 ms/)
})

test('a program that does not exist is a result, not an exception', async () => {
  expect((await run('mimirjs-does-not-exist', [])).code).toBe(127)
})

test('a program that a signal ended says so', async () => {
  const result = await node('process.kill(process.pid, "SIGKILL")')
  expect(result).toMatchObject({ code: 1, output: expect.stringMatching(/ended by SIGKILL/) })
})
