import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { type Browser, chromium, type Page } from 'playwright'
import { CHROMIUM_ARGS, chromiumPath } from '../chromium.js'

/** A Chromium that keeps what its pages store, and that can die at any moment. */
export class RealChromium {
  readonly #profile = mkdtempSync(path.join(tmpdir(), 'mimir-chromium-'))
  #kill: (() => Promise<void>) | undefined

  /** @returns its first page, at this address */
  async start(url: string): Promise<Page> {
    const args = [...CHROMIUM_ARGS, '--headless=new', `--user-data-dir=${this.#profile}`, '--remote-debugging-port=0']
    // All of its processes die with it.
    const detached = process.platform !== 'win32'
    const program = spawn(chromiumPath() ?? 'chromium', args, { detached, stdio: ['ignore', 'ignore', 'pipe'] })
    const exit = once(program, 'exit')
    let browser: Browser | undefined
    this.#kill = async () => {
      this.#kill = undefined
      if (detached && program.pid !== undefined) process.kill(-program.pid, 'SIGKILL')
      else program.kill('SIGKILL')
      await exit
      await browser?.close().catch(() => {})
    }
    browser = await chromium.connectOverCDP(await endpointOf(program.stderr))
    const page = await browser.contexts()[0]?.newPage()
    if (page === undefined) throw new Error('this Chromium has no context')
    await page.goto(url)
    return page
  }

  /** At once: nothing is written any more. */
  async kill(): Promise<void> {
    await this.#kill?.()
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function endpointOf(stderr: NodeJS.ReadableStream): Promise<string> {
  let output = ''
  for await (const line of createInterface(stderr)) {
    output += `${line}\n`
    const [, endpoint] = /^DevTools listening on (ws:\S+)$/.exec(line) ?? []
    if (endpoint === undefined) continue
    stderr.resume()
    return endpoint
  }
  throw new Error(`Chromium ended:\n${output}`)
}
