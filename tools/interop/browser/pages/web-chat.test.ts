// The web chat in a real Chromium, everybody in a browser profile of their own: `npm start -- web` with nobody at the keys.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Messenger } from '@mimirjs/messenger'
import type { Browser } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { WebChat } from '../../../../examples/web-chat/src/serve/web-chat.js'
import { Person } from '../../../../packages/cli/test/support/people.js'
import { launchChromium } from './support.js'
import { acquaint, type BuiltPage, buildPage, serve, Visitor } from './web-chat-support.js'

/** Width and height of a picture of random points, which no compression makes small. */
const PICTURE_SIZE = 96

let browser: Browser
let built: BuiltPage
let chat: WebChat
const open: { close(): Promise<unknown> }[] = []
const folders: string[] = []

beforeAll(async () => {
  browser = await launchChromium()
  built = await buildPage()
  chat = await serve(built)
})

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

afterAll(async () => {
  await chat.close()
  built.remove()
  await browser.close()
})

async function visit(options?: Parameters<typeof Visitor.open>[2], url = chat.url): Promise<Visitor> {
  const visitor = await Visitor.open(browser, url, options)
  open.push(visitor)
  return visitor
}

/** Two who know each other and talk. */
async function pair(url = chat.url): Promise<{ anna: Visitor; bela: Visitor }> {
  const [anna, bela] = [await visit({}, url), await visit({}, url)]
  await acquaint(anna, bela)
  return { anna, bela }
}

async function bot(name: string): Promise<Messenger> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mimir-web-bot-'))
  folders.push(folder)
  const messenger = await Messenger.open(folder, {
    name,
    contactRequests: 'accept',
    rendezvous: { servers: [chat.rendezvousUrl], strangers: 'accept' },
  })
  open.push({ close: () => messenger.close({ timeoutMs: 1_000 }) })
  return messenger
}

describe('two pages', () => {
  test('a stranger opens a link, knocks, is let in, and both talk; every state is seen', async () => {
    const anna = await visit()
    await anna.look('1-welcome')
    const link = await anna.begin('Anna')
    await anna.look('2-own-link')
    await anna.closeDialog()
    await anna.look('3-nobody-yet')

    const bela = await visit({}, link)
    await bela.page.getByLabel('What should others call you?').fill('Bela')
    await bela.page.getByRole('button', { name: 'Start' }).click()
    await bela.look('4-add-from-link')
    await bela.page.getByRole('button', { name: 'Add', exact: true }).click()
    await expect.poll(() => anna.page.getByRole('button', { name: 'Talk to them' }).isVisible()).toBe(true)
    await anna.look('5-knock')
    await bela.say('hello Anna')
    await bela.look('6-kept-until-let-in')
    await anna.letIn()
    await anna.untilHeard('hello Anna')
    await anna.say('hello Bela, look: https://example.org/ <b>not bold</b>')
    await bela.untilHeard('hello Anna'.replace(/^/, '>'), 'hello Bela, look: https://example.org/ <b>not bold</b>')
    await anna.untilDelivered()
    await bela.untilDelivered()
    await anna.look('7-talking')
    expect(await anna.heard()).toEqual(['hello Anna', '>hello Bela, look: https://example.org/ <b>not bold</b>'])
  })

  test('one loads the page again in the middle: nothing is lost, doubled or out of order', async () => {
    const { anna, bela } = await pair()
    await anna.say('before')
    await bela.untilHeard('before')
    await bela.page.reload()
    for (const text of ['while you were away 1', 'while you were away 2']) await anna.say(text)
    await bela.choose('Anna')
    await bela.untilHeard('before', 'while you were away 1', 'while you were away 2')
    await bela.untilConnected()
    await bela.say('I am back')
    await anna.untilHeard('I am back')
    await anna.untilDelivered()
    expect(await bela.heard()).toEqual(['before', 'while you were away 1', 'while you were away 2', '>I am back'])
    expect(await anna.heard()).toEqual(['>before', '>while you were away 1', '>while you were away 2', 'I am back'])
  })

  test('what is written while the other page is closed comes when it opens', async () => {
    const { anna, bela } = await pair()
    await bela.page.goto('about:blank')
    await anna.say('for later')
    await expect.poll(() => anna.page.locator('.link-state').getAttribute('data-up'), { timeout: 90_000 }).toBe('false')
    await anna.look('8-other-away')
    await bela.page.goto(chat.url)
    await bela.choose('Anna')
    await bela.untilHeard('for later')
    await anna.untilDelivered()
  }, 150_000)

  test('the server is killed in the middle: the conversation goes on, and the page says how it stands', async () => {
    const own = await serve(built)
    const { anna, bela } = await pair(own.url)
    await own.close()
    await expect.poll(() => anna.page.getByText('no meeting server answers').isVisible()).toBe(true)
    await anna.look('9-server-gone')
    await anna.say('still here')
    await bela.untilHeard('still here')
    await anna.untilDelivered()
  })

  test('somebody unknown is refused: they learn nothing, and what they wrote stays with them', async () => {
    const [anna, carl] = [await visit(), await visit()]
    const link = await anna.begin('Anna')
    await anna.closeDialog()
    await carl.begin('Carl')
    await carl.closeDialog()
    await carl.add(link)
    await carl.say('let me in')
    await anna.page.getByRole('button', { name: 'Not now' }).click()
    await expect.poll(() => anna.page.getByRole('button', { name: 'Talk to them' }).count()).toBe(0)
    await carl.look('10-not-let-in')
    expect(await carl.page.locator('article').first().getAttribute('data-state')).not.toBe('delivered')
    expect(await carl.page.locator('.link-state').getAttribute('data-up')).toBe('false')
    expect(await anna.page.getByRole('navigation').getByText('Carl').count()).toBe(0)
  })

  test('a second window of the same browser is told so, and can be somebody else', async () => {
    const anna = await visit()
    await anna.begin('Anna')
    const second = await anna.page.context().newPage()
    await second.goto(chat.url)
    await second.getByRole('link', { name: 'Be somebody else here' }).click()
    await expect.poll(() => second.getByLabel('What should others call you?').isVisible()).toBe(true)
  })

  test('a picture goes across with its progress shown, and is seen on both sides, to its end', async () => {
    const { anna, bela } = await pair()
    await bela.page.setViewportSize({ width: 1_100, height: 330 })
    const picture = await anna.page.evaluate((size) => {
      const canvas = document.createElement('canvas')
      canvas.width = canvas.height = size
      const context = canvas.getContext('2d')
      const pixels = context?.createImageData(size, size)
      if (context === null || pixels === undefined) throw new Error('no canvas')
      crypto.getRandomValues(pixels.data.subarray(0, 36_864))
      context.putImageData(pixels, 0, 0)
      return canvas.toDataURL('image/png').split(',')[1] ?? ''
    }, PICTURE_SIZE)
    await anna.page.getByLabel('Files to send').setInputFiles({
      name: 'points.png',
      mimeType: 'image/png',
      buffer: Buffer.from(picture, 'base64'),
    })
    for (const { page } of [bela, anna])
      await expect
        .poll(() =>
          page
            .locator('.attachment img')
            .evaluateAll((all) => all.map((image) => (image as HTMLImageElement).naturalWidth)),
        )
        .toEqual([PICTURE_SIZE])
    await anna.untilDelivered()
    await bela.look('11-picture')
    expect(await bela.page.getByRole('log').evaluate((list) => list.scrollHeight > list.clientHeight)).toBe(true)
    await bela.untilAtEnd()
  })
})

describe('a page and a program in Node', () => {
  test('they exchange texts and files over WebRTC', async () => {
    const robot = await bot('Robot')
    const folder = mkdtempSync(path.join(tmpdir(), 'mimir-web-files-'))
    folders.push(folder)
    const contents: Buffer[] = []
    robot.on('message', async (message) => {
      if (message.kind === 'text') await message.reply(`you said ${message.text}`)
      else contents.push(readFileSync((await message.download({ to: folder })).path))
    })
    const anna = await visit()
    await anna.begin('Anna')
    await anna.closeDialog()
    await anna.add((await robot.health()).rendezvous?.contact ?? '')
    await anna.say('hi')
    await anna.untilHeard('you said hi')

    const bytes = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000)))
    const large = Buffer.concat(Array.from({ length: 50 }, () => bytes))
    await anna.page
      .getByLabel('Files to send')
      .setInputFiles({ name: 'three.bin', mimeType: 'application/octet-stream', buffer: large })
    await expect.poll(() => contents.map((content) => content.equals(large)), { timeout: 60_000 }).toEqual([true])

    writeFileSync(path.join(folder, 'from-robot.txt'), 'a file of the robot')
    const [contact] = await robot.contacts()
    await robot.send(contact?.peer ?? '', {
      file: { path: path.join(folder, 'from-robot.txt'), mimeType: 'text/plain' },
    })
    await anna.page.getByRole('button', { name: 'Fetch' }).click()
    const [download] = await Promise.all([
      anna.page.waitForEvent('download'),
      anna.page.getByRole('link', { name: 'Save' }).last().click(),
    ])
    expect(readFileSync(await download.path(), 'utf8')).toBe('a file of the robot')
    await anna.look('12-files')
    await anna.page.reload()
    await expect.poll(() => anna.page.getByRole('link', { name: 'Save' }).count()).toBe(1)
    expect(await anna.page.getByRole('button', { name: 'Fetch' }).count()).toBe(0)
  }, 120_000)

  test('without a meeting server in common, the page reaches `mimir listen --ws`', async () => {
    const robot = await new Person().listen('--ws', 'ws://127.0.0.1:0', '--exec', 'echo over WebSocket', '--reply')
    const { ws: address } = await robot.terminal.out.event('ready')
    const anna = await visit()
    await anna.begin('Anna')
    await anna.closeDialog()
    await anna.add(`${robot.publicKey} ${String(address)}`)
    await anna.say('hi')
    await anna.untilHeard('over WebSocket')
    await anna.untilDelivered()
  })
})

describe('looks', () => {
  test('dark, and on a phone', async () => {
    const dark = await visit({ colorScheme: 'dark' })
    await dark.begin('Anna')
    await dark.closeDialog()
    await dark.page.getByRole('button', { name: 'Settings' }).first().click()
    await expect.poll(() => dark.page.getByRole('dialog').isVisible()).toBe(true)
    await dark.look('13-settings-dark')
    const phone = await visit({
      viewport: { width: 390, height: 780 },
      hasTouch: true,
      isMobile: true,
      colorScheme: 'dark',
    })
    const link = await phone.begin('Bela')
    await phone.look('14-phone-link')
    await phone.closeDialog()
    await dark.closeDialog()
    await dark.add(link)
    await phone.look('15-phone-knock')
    await phone.letIn()
    await dark.say('hello from the desk')
    await phone.untilHeard('hello from the desk')
    await phone.look('16-phone-talk')
    await phone.page.getByRole('button', { name: 'Back to people' }).click()
    await phone.look('17-phone-people')
    await dark.look('18-dark-talk')
  })

  test('everything can be done with the keyboard', async () => {
    const { anna } = await pair()
    await anna.page.keyboard.press('Escape')
    await anna.page.getByRole('button', { name: 'My link' }).first().focus()
    await anna.page.keyboard.press('Enter')
    await expect.poll(() => anna.page.getByRole('dialog').isVisible()).toBe(true)
    await anna.page.keyboard.press('Escape')
    await expect.poll(() => anna.page.getByRole('dialog').count()).toBe(0)
    const focused = (): Promise<unknown> => anna.page.evaluate(() => document.activeElement?.textContent)
    expect(await focused()).toBe('My link')

    // Where one window takes the place of another, the focus goes back to where the first was opened.
    await anna.page.keyboard.press('Tab')
    await anna.page.keyboard.press('Enter')
    await anna.page.getByLabel('Their link, or their key').fill('ab'.repeat(32))
    await anna.page.getByRole('button', { name: 'Go on' }).press('Enter')
    await anna.page.getByRole('button', { name: 'No', exact: true }).press('Enter')
    await expect.poll(() => anna.page.getByRole('dialog').count()).toBe(0)
    expect(await focused()).toBe('Add somebody')
  })

  test('the page opens without its server, with everything that was said', async () => {
    const { anna, bela } = await pair()
    await anna.say('kept')
    await bela.untilHeard('kept')
    await anna.page.evaluate(() => navigator.serviceWorker.ready.then(() => {}))
    await anna.page.context().setOffline(true)
    await anna.page.reload()
    await anna.choose('Bela')
    await anna.untilHeard('>kept')
    await anna.say('later')
    await anna.untilHeard('>later')
    await anna.page.context().setOffline(false)
    await bela.untilHeard('later')
  }, 120_000)
})
