import { generateSeed, publicKeyFromSeed } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { formatContactLink } from '@mimirjs/wire/link'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/folder.js'
import { Terminal } from '../support/terminal.js'

const bobKey = publicKeyFromSeed(generateSeed())
const bob = toHex(bobKey)

function commands(): (...args: string[]) => Promise<Terminal & { exitCode: number }> {
  const cwd = temporaryFolder()
  return async (...args) => {
    const terminal = new Terminal({ cwd })
    const exitCode = await terminal.run('contacts', ...args, '--home', 'home')
    return Object.assign(terminal, { exitCode })
  }
}

describe('mimir contacts', () => {
  test('add by link, list, block, add again', async () => {
    const contacts = commands()
    const link = formatContactLink({ publicKey: bobKey, name: 'Bob' })
    expect((await contacts('add', link)).out.text).toBe(`${bob}  contact   Bob\n`)
    expect((await contacts()).out.text).toBe(`${bob}  contact   Bob\n`)
    expect((await contacts('add', bob, '--name', 'Bobby')).exitCode).toBe(0)
    expect((await contacts('list', '--json')).out.json).toEqual([
      { event: 'contact', peer: bob, kind: 'contact', name: 'Bobby', nickname: '', info: '' },
    ])
    expect((await contacts('block', 'bobby')).exitCode).toBe(0)
    expect((await contacts('list')).out.text).toBe(`${bob}  blocked   Bobby\n`)
    await contacts('add', bob)
    expect((await contacts('list')).out.text).toBe(`${bob}  contact   Bobby\n`)
  })

  test('a name that stands for nobody, or for two', async () => {
    const contacts = commands()
    const nobody = await contacts('block', 'Eve')
    expect(nobody.exitCode).toBe(2)
    expect(nobody.err.text).toMatch(/^mimir: 'Eve' names nobody: .*\n$/)
    await contacts('add', bob, '--name', 'Twin')
    await contacts('add', toHex(publicKeyFromSeed(generateSeed())), '--name', 'twin')
    const two = await contacts('block', 'TWIN')
    expect(two.exitCode).toBe(2)
    expect(two.err.text).toBe("mimir: 2 contacts are called 'TWIN': use the key\n")
  })

  test('nobody is a contact of their own', async () => {
    const contacts = commands()
    const { cwd } = await contacts('list')
    const self = new Terminal({ cwd })
    await self.run('id', 'show', '--json', '--home', 'home')
    const added = await contacts('add', String(self.out.json[0]?.['publicKey']))
    expect(added).toMatchObject({ exitCode: 2, out: { text: '' } })
    expect(added.err.text).toMatch(/^mimir: this is our own key[^\n]*\n$/)
    expect((await contacts('list')).out.text).toBe('')
  })

  test('a bad key adds nobody', async () => {
    const contacts = commands()
    expect((await contacts('add', bob.slice(2))).exitCode).toBe(2)
    expect((await contacts('add', 'Bob')).exitCode).toBe(2)
    expect((await contacts('list')).out.text).toBe('')
  })
})
