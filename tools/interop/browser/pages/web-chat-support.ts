import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright'
import { expect } from 'vitest'
import { serveWebChat, type WebChat } from '../../../../examples/web-chat/src/serve/web-chat.js'
import { root } from '../../../lib/process.mjs'
import { scratchFolder } from './support.js'

const PAGE = path.join(root, 'examples/web-chat')
const SHOTS = path.join(root, 'tools/.artifacts/web-chat')
const AXE = readFileSync(path.join(root, 'node_modules/axe-core/axe.min.js'), 'utf8')

export interface BuiltPage {
  readonly folder: string
  remove(): void
}

/** The page as `npm start -- web` serves it, made of the sources. */
export async function buildPage(): Promise<BuiltPage> {
  const { folder, remove } = scratchFolder()
  const { build } = await import('vite')
  await build({
    root: PAGE,
    configFile: path.join(PAGE, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true },
    resolve: { conditions: ['mimir:source', 'browser', 'module', 'import', 'default'] },
  })
  return { folder, remove }
}

export function serve(page: BuiltPage, port = 0): Promise<WebChat> {
  return serveWebChat({ host: '127.0.0.1', port, folder: page.folder })
}

export interface VisitOptions extends BrowserContextOptions {
  /** Runs in the page before anything of it does: to make a browser that cannot what others can. */
  readonly prepare?: () => void
}

/** Two who have just opened the page come to know each other, and are connected. */
export async function acquaint(anna: Visitor, bela: Visitor): Promise<void> {
  const link = await anna.begin('Anna')
  await anna.closeDialog()
  await bela.begin('Bela')
  await bela.closeDialog()
  await bela.add(link)
  await anna.letIn()
  await anna.untilConnected()
  await bela.untilConnected()
}

/** Somebody in a browser of their own. */
export class Visitor {
  readonly page: Page
  readonly #context: BrowserContext
  readonly #failures: string[] = []

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context
    this.page = page
    page.on('pageerror', (error) => this.#failures.push(String(error)))
    page.on('console', (message) => {
      // A server that is gone is told by the browser, too.
      if (message.type() === 'error' && !/WebSocket|ERR_|Failed to load/.test(message.text()))
        this.#failures.push(message.text())
    })
  }

  static async open(browser: Browser, url: string, options: VisitOptions = {}): Promise<Visitor> {
    const { prepare, ...more } = options
    const context = await browser.newContext({ viewport: { width: 1_100, height: 760 }, ...more })
    const visitor = new Visitor(context, await context.newPage())
    if (prepare !== undefined) await visitor.page.addInitScript(prepare)
    await visitor.page.goto(url)
    return visitor
  }

  /** @returns their link */
  async begin(name: string): Promise<string> {
    const { page } = this
    await page.getByLabel('What should others call you?').fill(name)
    await page.getByRole('button', { name: 'Start' }).click()
    await this.untilMet()
    await page.getByRole('button', { name: 'My link' }).first().click()
    const link = await page.getByLabel('Link', { exact: true }).inputValue()
    expect(link).toContain('#rdv1:')
    return link
  }

  async closeDialog(): Promise<void> {
    await this.page.getByRole('button', { name: 'Close' }).click()
  }

  /** A meeting server answers. */
  async untilMet(): Promise<void> {
    await expect.poll(() => this.page.getByText(/^1 of 1 meeting servers$/).isVisible()).toBe(true)
  }

  /** Paste a link, and say yes. */
  async add(link: string): Promise<void> {
    const { page } = this
    await page.getByRole('button', { name: 'Add somebody' }).click()
    await page.getByLabel('Their link, or their key').fill(link)
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByRole('button', { name: 'Add', exact: true }).click()
  }

  async letIn(): Promise<void> {
    await this.page.getByRole('button', { name: 'Talk to them' }).click()
  }

  async choose(name: string): Promise<void> {
    await this.page
      .getByRole('navigation')
      .getByRole('button', { name: new RegExp(name) })
      .click()
  }

  async say(text: string): Promise<void> {
    await this.page.getByLabel('Message', { exact: true }).fill(text)
    await this.page.getByLabel('Message', { exact: true }).press('Enter')
  }

  /** Texts of the conversation, `>` before those of ours. */
  async heard(): Promise<string[]> {
    const articles = await this.page.getByRole('article').all()
    return Promise.all(
      articles.map(async (article) => {
        const isMine = (await article.getAttribute('data-mine')) === 'true'
        return (isMine ? '>' : '') + (await article.locator('.words').allInnerTexts()).join(' ')
      }),
    )
  }

  async untilHeard(...texts: readonly string[]): Promise<void> {
    await expect.poll(() => this.heard()).toEqual(expect.arrayContaining([...texts]))
  }

  /** The end of the conversation is what is seen. */
  async untilAtEnd(): Promise<void> {
    const below = (list: Element): number => list.scrollHeight - list.scrollTop - list.clientHeight
    await expect.poll(() => this.page.getByRole('log').evaluate(below)).toBeLessThan(2)
  }

  /** Everything we said is with them. */
  async untilDelivered(): Promise<void> {
    await expect
      .poll(async () => {
        const states = await this.page
          .locator('article[data-mine=true]')
          .evaluateAll((all) => all.map((each) => each.getAttribute('data-state')))
        return states.length > 0 && states.every((state) => state === 'delivered')
      })
      .toBe(true)
  }

  async untilConnected(): Promise<void> {
    await expect.poll(() => this.page.locator('.link-state').getAttribute('data-up')).toBe('true')
  }

  /** Keeps a picture of what is seen, and has axe look at it: nothing that keeps people out may be there. */
  async look(name: string): Promise<void> {
    mkdirSync(SHOTS, { recursive: true })
    await this.page.screenshot({ path: path.join(SHOTS, `${name}.png`) })
    await this.page.evaluate(AXE)
    const violations = await this.page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> }
      }
      const { violations } = await axe.run()
      return violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ html }) => html).join(' ')}`)
    })
    expect(violations.filter((violation) => /^(serious|critical)/.test(violation))).toEqual([])
  }

  async close(): Promise<void> {
    await this.#context.close()
    expect(this.#failures).toEqual([])
  }
}
