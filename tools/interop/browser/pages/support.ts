import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { type Browser, chromium } from 'playwright'
import { build } from 'tsup'
import { root } from '../../../lib/process.mjs'
import { CHROMIUM_ARGS, chromiumPath } from '../chromium.js'

const HTML = '<!doctype html><meta charset="utf-8"><title>overlay</title><script type="module" src="/page.js"></script>'

export interface PageServer {
  /** `http://127.0.0.1:1234`, which is also the origin of its page. */
  readonly origin: string
  close(): Promise<void>
}

/** @param withoutArgs - of those that Playwright starts every Chromium with */
export function launchChromium(...withoutArgs: string[]): Promise<Browser> {
  const executablePath = chromiumPath() ?? 'chromium'
  return chromium.launch({ executablePath, args: CHROMIUM_ARGS, ignoreDefaultArgs: withoutArgs })
}

/** A folder below `tools`, whose manifest depends on every package. The caller removes it. */
export function scratchFolder(): { folder: string; remove(): void } {
  mkdirSync(path.join(root, 'tools/.artifacts'), { recursive: true })
  const folder = mkdtempSync(path.join(root, 'tools/.artifacts/pages-'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** A program of one file and everything it imports, as a bundler for browsers makes it. Rejects when any of it is Node's. */
export async function bundle(file: string): Promise<string> {
  const { folder, remove } = scratchFolder()
  try {
    await build({
      entry: { page: file },
      outDir: folder,
      config: false,
      format: ['esm'],
      platform: 'browser',
      target: 'es2022',
      noExternal: [/./],
      removeNodeProtocol: false,
      silent: true,
      esbuildOptions: (options) => {
        options.conditions = ['mimir:source', 'browser']
        // What is loaded later is in the same file too.
        options.splitting = false
      },
    })
    return readFileSync(path.join(folder, 'page.js'), 'utf8')
  } finally {
    remove()
  }
}

/** Serve a page that runs `script`. */
export async function servePage(script: string): Promise<PageServer> {
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js'
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : HTML)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
