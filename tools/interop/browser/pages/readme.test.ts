// The examples of the overlay's and the messenger's README as they stand there: the script in a process of its own, the
// page in Chromium.
import { spawn } from 'node:child_process'
import { on, once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from 'vitest'
import { collectExamples } from '../../../checks/docs-examples.mjs'
import { root } from '../../../lib/process.mjs'
import { bundle, launchChromium, scratchFolder, servePage } from './support.js'

const README = path.join(root, 'packages/yggdrasil/README.md')
/** Where the example listens; here the system chooses the port. */
const PEER = 'ws://127.0.0.1:8042'
const MESSENGER_README = path.join(root, 'packages/messenger/README.md')

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

test('a browser page and a Node script reach each other by public key', async () => {
  const { folder, remove } = scratchFolder()
  cleanups.push(remove)
  const [script, page] = collectExamples([README])
  expect([script?.isPage, page?.isPage]).toEqual([false, true])
  expect(script?.code).toContain(PEER)
  expect(page?.code).toContain(PEER)
  const scriptFile = path.join(folder, 'script.mts')
  const pageFile = path.join(folder, 'page.ts')

  writeFileSync(scriptFile, `${script?.code.replace(PEER, 'ws://127.0.0.1:0')}\nconsole.log(node.listenAddresses[0])\n`)
  const [address = '', peer = ''] = await firstLines(scriptFile, 2)
  expect(address).toMatch(/^page[.]html#[0-9a-f]{64}$/)

  writeFileSync(pageFile, page?.code.replace(PEER, peer) ?? '')
  const server = await servePage(await bundle(pageFile))
  cleanups.push(() => server.close())
  const browser = await launchChromium()
  cleanups.push(() => browser.close())
  const tab = await browser.newPage()
  const said = tab.waitForEvent('console')
  await tab.goto(`${server.origin}/${address}`)
  expect((await said).text()).toBe('hello, whoever has this key')
})

test('a messenger in a page talks to a bot', async () => {
  const { folder, remove } = scratchFolder()
  cleanups.push(remove)
  const examples = collectExamples([MESSENGER_README])
  const at = examples.findIndex(({ isPage }) => isPage)
  const [script, page] = [examples[at - 1], examples[at]]
  const listening = "await bot.listen('ws://127.0.0.1:5051')"
  expect(script?.code).toContain(listening)
  expect(page?.code).toContain("'ws://127.0.0.1:5051'")
  const scriptFile = path.join(folder, 'script.mts')
  const pageFile = path.join(folder, 'page.ts')

  const listens = "console.log(await bot.listen('ws://127.0.0.1:0'))"
  const home = JSON.stringify(path.join(folder, 'bot'))
  writeFileSync(scriptFile, script?.code.replace(listening, listens).replace("'./bot'", home) ?? '')
  const [peer = '', address = ''] = await firstLines(scriptFile, 2)
  expect(address).toMatch(/^page[.]html#[0-9a-f]{64}$/)

  writeFileSync(pageFile, page?.code.replace('ws://127.0.0.1:5051', peer) ?? '')
  const server = await servePage(await bundle(pageFile))
  cleanups.push(() => server.close())
  const browser = await launchChromium()
  cleanups.push(() => browser.close())
  const tab = await browser.newPage()
  const said = tab.waitForEvent('console')
  await tab.goto(`${server.origin}/${address}`)
  expect((await said).text()).toBe('you said: hello')
})

/** Start a program that runs until the test is over. @returns what it says first */
async function firstLines(file: string, count: number): Promise<string[]> {
  const args = ['--import', 'tsx', '--conditions=mimir:source', file]
  const program = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  cleanups.push(async () => {
    program.kill()
    if (program.exitCode === null && program.signalCode === null) await once(program, 'exit')
  })
  const lines: string[] = []
  for await (const [line] of on(createInterface(program.stdout), 'line', { close: ['close'] })) {
    lines.push(line)
    if (lines.length === count) return lines
  }
  throw new Error(`${file} ended after it had said ${JSON.stringify(lines)}`)
}
