// What goes wrong with the web chat, or gets in the way: nothing that was written is lost, and people are told.
import { randomBytes } from 'node:crypto'
import { createSigner } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import type { Browser } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { WebChat } from '../../../../examples/web-chat/src/serve/web-chat.js'
import { launchChromium } from './support.js'
import { acquaint, type BuiltPage, buildPage, serve, type VisitOptions, Visitor } from './web-chat-support.js'

const PHONE: VisitOptions = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true }

let browser: Browser
let built: BuiltPage
let chat: WebChat
const open: { close(): Promise<unknown> }[] = []

beforeAll(async () => {
  browser = await launchChromium()
  built = await buildPage()
  chat = await serve(built)
})

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

afterAll(async () => {
  await chat.close()
  built.remove()
  await browser.close()
})

async function visit(options: VisitOptions = {}, url = chat.url, where = browser): Promise<Visitor> {
  const visitor = await Visitor.open(where, url, options)
  open.push(visitor)
  return visitor
}

/** The key of somebody who is never there. */
const nobody = (): string => toHex(createSigner(randomBytes(32)).publicKey)

describe('what was written', () => {
  test('goes its own way while a file is copied, stays for each person, and comes back when it cannot be sent', async () => {
    const [anna, bela] = [await visit(), await visit()]
    await acquaint(anna, bela)
    const { page } = bela
    const box = page.getByLabel('Message', { exact: true })
    await page.evaluate(() => {
      const { arrayBuffer } = Blob.prototype
      const gate = new Promise<void>((resolve) => Object.assign(globalThis, { letFilesGo: resolve }))
      Blob.prototype.arrayBuffer = async function () {
        await gate
        return arrayBuffer.call(this)
      }
    })
    const files = ['one.bin', 'two.bin'].map((name) => ({
      name,
      mimeType: 'application/octet-stream',
      buffer: Buffer.alloc(1_000, name),
    }))
    await box.fill('two of them')
    await page.getByLabel('Files to send').setInputFiles(files)
    await expect.poll(() => page.getByText('Taking one.bin…').isVisible()).toBe(true)
    await bela.look('20-taking-a-file')
    await bela.say('written meanwhile')
    await bela.untilHeard('>written meanwhile')
    await box.fill('half a thought')

    await bela.add(nobody())
    await expect.poll(() => page.getByLabel('Message', { exact: true }).inputValue()).toBe('')
    await page.evaluate(() => (globalThis as unknown as { letFilesGo(): void }).letFilesGo())
    await bela.choose('Anna')
    await expect.poll(() => page.locator('.file-name').allInnerTexts()).toEqual(['one.bin', 'two.bin'])
    expect(await bela.heard()).toEqual(['>written meanwhile', '>two of them', '>'])
    expect(await box.inputValue()).toBe('half a thought')
    await anna.untilHeard('written meanwhile', 'two of them')

    // A file that is dropped anywhere in the conversation is meant for it; beside it, it is kept from replacing the page.
    const dropped = await page.evaluate(() => {
      const drop = (target: string): boolean => {
        const dataTransfer = new DataTransfer()
        dataTransfer.items.add(new File(['dropped'], 'three.txt', { type: 'text/plain' }))
        const event = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true })
        document.querySelector(target)?.dispatchEvent(event)
        return event.defaultPrevented
      }
      return [drop('nav'), drop('.messages')]
    })
    expect(dropped).toEqual([true, true])
    await expect.poll(() => page.locator('.file-name').allInnerTexts()).toEqual(['one.bin', 'two.bin', 'three.txt'])

    const tooLong = 'x'.repeat(1_100_000)
    await box.fill(tooLong)
    await box.press('Enter')
    await expect.poll(() => page.getByText(/the protocol carries at most/).isVisible()).toBe(true)
    expect((await box.inputValue()) === tooLong).toBe(true)
  }, 120_000)

  test('can be sent from a page that one comes back to', async () => {
    // Playwright does without what keeps pages that were left.
    const keeping = await launchChromium('--disable-back-forward-cache')
    open.push(keeping)
    const anna = await visit({}, chat.url, keeping)
    const { page } = anna
    await anna.begin('Anna')
    await anna.closeDialog()
    await anna.add(nobody())
    await page.evaluate(() =>
      addEventListener('pageshow', ({ persisted }) => sessionStorage.setItem('kept', String(persisted))),
    )
    await page.goto(`${chat.url}/manifest.webmanifest`)
    await page.goBack({ waitUntil: 'commit' })
    await expect.poll(() => page.evaluate(() => sessionStorage.getItem('kept'))).toBe('true')
    await page.getByRole('navigation').getByRole('listitem').getByRole('button').click()
    await anna.say('here again')
    await anna.untilHeard('>here again')
  })
})

describe('what others are left with', () => {
  test('is said before a message is deleted; a file that is gone is asked for once; who is blocked is let go of', async () => {
    const [anna, bela] = [await visit(), await visit()]
    await acquaint(anna, bela)
    await anna.page.getByLabel('Files to send').setInputFiles({
      name: 'notes.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('notes'),
    })
    await anna.untilDelivered()
    const fetchFile = bela.page.getByRole('button', { name: 'Fetch' })
    await expect.poll(() => fetchFile.isVisible()).toBe(true)
    expect(await anna.page.getByRole('navigation').getByText('You: notes.txt').isVisible()).toBe(true)
    await anna.page.getByRole('article').hover()
    await anna.page.getByRole('button', { name: 'Delete this message here' }).click()
    await expect.poll(() => anna.page.getByText('it is gone for them, too').isVisible()).toBe(true)
    await anna.look('27-delete-file')
    await anna.page.getByRole('button', { name: 'Delete', exact: true }).click()
    await expect.poll(() => anna.heard()).toEqual([])
    expect(await anna.page.evaluate(() => document.activeElement?.textContent)).toBe('Bela')

    await fetchFile.click()
    await expect.poll(() => bela.page.getByRole('button', { name: 'Asking…' }).isDisabled()).toBe(true)
    expect(await bela.page.getByRole('progressbar').count()).toBe(0)
    await bela.look('28-asking')

    await anna.page.getByRole('button', { name: 'Block' }).click()
    await expect.poll(() => anna.page.locator('.link-state').textContent()).toMatch(/^blocked/)
    for (const { page } of [anna, bela])
      await expect.poll(() => page.locator('.link-state').getAttribute('data-up')).toBe('false')
    expect(await anna.page.locator('[data-up=true]').count()).toBe(0)
    await anna.look('29-blocked')
  })
})

describe('what is open', () => {
  test('on a phone is left by Back, to where one was; what was begun stays, also when the page is loaded again', async () => {
    const phone = await visit(PHONE)
    const { page } = phone
    await phone.begin('Anna')
    await phone.closeDialog()
    await phone.add(nobody())
    const box = page.getByLabel('Message', { exact: true })
    await box.fill('half a thought')
    await phone.look('30-phone-draft')
    await page.reload()
    await expect.poll(() => box.inputValue()).toBe('half a thought')
    await page.goBack({ waitUntil: 'commit' })
    const person = page.getByRole('navigation').getByRole('listitem').getByRole('button')
    await expect.poll(() => person.evaluate((button) => button === document.activeElement)).toBe(true)
    await person.tap()
    await page.getByRole('button', { name: 'Back to people' }).tap()
    await expect.poll(() => person.evaluate((button) => button === document.activeElement)).toBe(true)
    await page.goForward({ waitUntil: 'commit' })
    expect(await box.inputValue()).toBe('half a thought')
  })

  test('hides nobody who knocks, and no problem; a message on a touch screen is deleted after a question', async () => {
    const phone = await visit(PHONE)
    const { page } = phone
    const link = await phone.begin('Ann Smith')
    const desk = await visit({}, link)
    await desk.page.getByLabel('What should others call you?').fill('Bela')
    await desk.page.getByRole('button', { name: 'Start' }).click()
    await expect.poll(() => desk.page.getByRole('heading', { name: 'Add Ann Smith?' }).isVisible()).toBe(true)
    await desk.page.getByRole('button', { name: 'Add', exact: true }).click()
    await expect.poll(() => page.getByRole('button', { name: 'Talk to them' }).isVisible()).toBe(true)
    await phone.look('21-knock-over-own-link')
    await phone.letIn()
    await expect.poll(() => page.getByRole('heading', { name: 'Bela' }).isVisible()).toBe(true)
    expect(await page.getByRole('dialog').count()).toBe(0)

    await phone.say('precious')
    await phone.untilHeard('>precious')
    const remove = page.getByRole('button', { name: 'Delete this message here: precious' })
    expect(await remove.evaluate((button) => getComputedStyle(button).opacity)).toBe('1')
    await remove.tap()
    await expect.poll(() => page.getByRole('dialog').isVisible()).toBe(true)
    await phone.look('22-delete')
    await page.getByRole('button', { name: 'Keep' }).tap()
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
    expect(await phone.heard()).toEqual(['>precious'])
    await remove.tap()
    await page.getByRole('button', { name: 'Delete', exact: true }).tap()
    await expect.poll(() => phone.heard()).toEqual([])

    await desk.page.getByRole('button', { name: 'Settings' }).first().click()
    const settings = desk.page.getByRole('dialog')
    const server = desk.page.getByLabel('Address of another server')
    const add = settings.getByRole('button', { name: 'Add' })
    await server.fill('ws://somewhere.example')
    await add.click()
    await expect.poll(() => settings.getByRole('alert').textContent()).toContain('wss:')
    await desk.look('23-settings-problem')
    for (const name of ['a', 'b', 'c']) {
      await server.fill(`ws://127.0.0.1:1/${name.repeat(900)}`)
      await add.click()
      await expect.poll(() => server.inputValue()).toBe('')
    }
    await desk.closeDialog()
    await desk.page.getByRole('button', { name: 'My link' }).first().click()
    await expect.poll(() => desk.page.getByText('too long for a QR code').isVisible()).toBe(true)
    await desk.look('24-link-too-long')
  }, 120_000)
})

describe('a link', () => {
  test('waits for a window where somebody is, is read as it is, and says so when it names nobody', async () => {
    const key = nobody()
    const contact = (await (await visit()).begin('Carl')).split('#')[1] ?? ''
    const anna = await visit()
    const { page } = anna
    await anna.begin('Anna')
    await anna.closeDialog()
    const second = await page.context().newPage()
    await second.goto(`${chat.url}/#${key}`)
    const other = second.getByRole('link', { name: 'Be somebody else here' })
    expect(await other.getAttribute('href')).toBe(`?me=2#${key}`)
    await page.close()
    await second.getByRole('button', { name: 'Try again' }).click()
    await expect.poll(() => second.getByRole('heading', { name: 'Add this person?' }).isVisible()).toBe(true)
    expect(new URL(second.url()).hash).toBe('')

    const follow = (link: string): Promise<void> => second.evaluate((hash) => location.assign(hash), `#${link}`)
    await follow(contact.replace('n=Carl', 'n=Ann%20Smith'))
    await expect.poll(() => second.getByRole('heading', { name: 'Add Ann Smith?' }).isVisible()).toBe(true)
    await second.getByRole('button', { name: 'No', exact: true }).click()
    await second.getByRole('button', { name: 'My link' }).first().click()
    const own = (await second.getByLabel('Link', { exact: true }).inputValue()).split('#')[1] ?? ''
    await follow(own)
    await expect.poll(() => second.getByText('That is your own link').last().isVisible()).toBe(true)
    await follow(contact.replace('n=Carl', 'n=Ann%20Smith'))
    await expect.poll(() => second.getByRole('heading', { name: 'Add Ann Smith?' }).isVisible()).toBe(true)
    expect(await second.getByLabel('What do you call them?').inputValue()).toBe('Ann Smith')
    await second.getByRole('button', { name: 'No', exact: true }).click()
    for (const link of ['hello', 'rdv1:nonsense', 'rdv1:%E0%A4%A']) {
      await follow(link)
      await expect.poll(() => second.getByText('names nobody').isVisible()).toBe(true)
      expect(await second.getByRole('dialog').count()).toBe(0)
      await second.getByRole('button', { name: 'Hide this' }).click()
      await expect.poll(() => second.getByText('names nobody').count()).toBe(0)
    }
  })
})

describe('a browser that', () => {
  test('has no room for a new person says so', async () => {
    const anna = await visit()
    await anna.page.getByLabel('What should others call you?').fill('Anna')
    await anna.page.evaluate(() => {
      IDBObjectStore.prototype.add = IDBObjectStore.prototype.put = () => {
        throw new DOMException('no room', 'QuotaExceededError')
      }
    })
    await anna.page.getByRole('button', { name: 'Start' }).click()
    await expect.poll(() => anna.page.getByRole('alert').textContent()).toContain('no room')
    await anna.look('25-no-room')
  })

  test('cannot hold a key asks for a new passphrase twice, and for one that it knows once', async () => {
    const anna = await visit({
      prepare: () => {
        SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException('no such key', 'NotSupportedError'))
      },
    })
    const { page } = anna
    const field = (name: string): ReturnType<typeof page.getByLabel> => page.getByLabel(name, { exact: true })
    await field('Passphrase').fill('correct horse')
    await field('The same again').fill('correct hoarse')
    await page.getByRole('button', { name: 'Open' }).click()
    await expect.poll(() => page.getByText('The two are not the same.').isVisible()).toBe(true)
    await anna.look('26-new-passphrase')
    await field('The same again').fill('correct horse')
    await page.getByRole('button', { name: 'Open' }).click()
    await expect.poll(() => page.getByText('under your passphrase').isVisible()).toBe(true)
    await page.reload()
    await field('Passphrase').fill('wrong')
    expect(await field('The same again').count()).toBe(0)
    await page.getByRole('button', { name: 'Open' }).click()
    await expect.poll(() => page.getByText('does not fit').isVisible()).toBe(true)
    await field('Passphrase').fill('correct horse')
    await page.getByRole('button', { name: 'Open' }).click()
    await expect.poll(() => field('What should others call you?').isVisible()).toBe(true)
  })

  test('keeps windows apart by no lock: the one that was opened last goes on, and the other says so', async () => {
    const anna = await visit({
      prepare: () => Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined }),
    })
    await anna.begin('Anna')
    await anna.closeDialog()
    await anna.add(nobody())
    const second = await anna.page.context().newPage()
    await second.goto(chat.url)
    await expect.poll(() => second.getByRole('button', { name: 'My link' }).first().isVisible()).toBe(true)
    await anna.say('from the first window')
    await expect.poll(() => anna.page.getByText('You are open in another window').isVisible()).toBe(true)
    await second.close()
  })
})
