import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { portableTests } from '../interop/browser/portable-tests.js'
import { root, runTool } from '../lib/process.mjs'

const interop = (args: readonly string[], env: Record<string, string> = {}): ReturnType<typeof runTool> =>
  runTool('tsx', [path.join(root, 'tools/interop/main.ts'), ...args], { env: { MIMIR_CI: '', ...env } })

describe('pnpm interop', () => {
  test('an unknown name ends with 2 and the list of suites', async () => {
    const { code, output } = await interop(['nonsense'])
    expect(code).toBe(2)
    expect(output).toMatch(/no interop suite nonsense.*browser.*cluster.*multicast.*runtimes.*yggdrasil/s)
  })

  test('a machine without Go leaves yggdrasil out, and says what it needs', async () => {
    const { code, output } = await interop(['yggdrasil'], { PATH: path.dirname(process.execPath), MIMIR_GO: 'none' })
    expect(output).toMatch(/left out +yggdrasil.*no Go here.*it needs Go from 1\.25.*0 passed, 0 failed\n$/s)
    expect(code).toBe(0)
  })

  describe('a machine that has no programs at all', () => {
    const bare = { PATH: path.join(root, 'tools/test/no-such-folder'), MIMIR_GO: 'none' }

    test('leaves multicast out, and says what it needs', async () => {
      const { code, output } = await interop(['multicast'], bare)
      expect(output).toMatch(/left out +multicast .* no .*; it needs Linux, root.*MIMIR_MP2P.*0 passed, 0 failed\n$/s)
      expect(code).toBe(0)
    })

    test('fails under MIMIR_CI=1, which installs what it can and leaves nothing out', async () => {
      const { code, output } = await interop(['multicast'], { ...bare, MIMIR_CI: '1' })
      expect(output).toMatch(/FAILED +multicast.*nothing may be left out.*0 passed, 1 failed\n$/s)
      expect(code).toBe(1)
    })
  })

  test('--help lists the suites', async () => {
    const { code, output } = await interop(['--help'])
    expect(output).toMatch(/^usage: pnpm interop.*browser.*cluster.*multicast.*runtimes.*yggdrasil/s)
    expect(code).toBe(0)
  })
})

describe('portableTests', () => {
  const { include, excluded } = portableTests()

  test('takes the suite of the portable build and of the codecs', () => {
    expect(include).toContain('packages/crypto/test/portable.test.ts')
    expect(include.filter((file) => file.startsWith('packages/wire/')).length).toBeGreaterThan(5)
  })

  test('takes what reads vectors, and what only speaks of Node in comments', () => {
    expect(include).toContain('packages/yggdrasil/test/session/transcript.test.ts')
    expect(include).toContain('packages/yggdrasil/test/links/links.test.ts')
  })

  test('leaves out what reaches Node, however far', () => {
    expect(excluded).toContainEqual({ file: 'packages/crypto/test/node.test.ts', because: 'it reaches node:crypto' })
    expect(excluded.map(({ file }) => file)).toContain('packages/crypto/test/keyfile.test.ts')
    expect(include.filter((file) => excluded.some((other) => other.file === file))).toEqual([])
  })
})
