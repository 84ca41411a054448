import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/folder.js'
import { Alice, Friend } from './support/people.js'
import { ctrl, KEYS } from './support/pty.js'

const LONG_MS = 60_000

describe('at a terminal of 80 by 24', () => {
  test(
    'nobody is known yet',
    async () => {
      const pty = new Alice().chat()
      await pty.until('Nobody here yet')
      await expect(pty.screen).toMatchFileSnapshot('screens/nobody.txt')
    },
    LONG_MS,
  )

  test(
    'a conversation: marks, an answer, a reaction, wide letters, a long text',
    async () => {
      const bob = await Friend.start('Bob')
      const alice = new Alice()
      await alice.knows(bob)
      const pty = alice.chat([bob])
      await pty.until('nothing was said here yet')
      pty.type('Hello Bob!')
      pty.type(KEYS.enter)
      await pty.until(/\+ you: Hello Bob!/)
      const [hello] = await bob.messenger.history(alice.key)
      await bob.messenger.send(alice.key, { reaction: '👍', replyTo: hello?.id ?? '' })
      await bob.messenger.send(alice.key, {
        text: 'Good evening, 愛麗絲. Did you get the tickets?',
        replyTo: hello?.id ?? '',
      })
      await pty.until(/👍 Bob[\s\S]*Did you get/)
      pty.type(`${KEYS.up}e1`)
      await pty.until('👍 you')
      pty.type('r')
      await pty.until('answering Bob')
      pty.type(
        `Yes, two of them, right in the middle of the seventh row, and they were not even expensive 🎉${KEYS.altEnter}See you at eight`,
      )
      pty.type(KEYS.enter)
      await pty.until(/\+ you: Yes, two/)
      await bob.messenger.send(alice.key, '好的,八點見。'.repeat(8))
      await pty.until('八點見')
      pty.type('I will be the one with the umb')
      await pty.until('with the umb')
      await expect(pty.screen).toMatchFileSnapshot('screens/conversation.txt')
      expect(pty.cursor).toEqual({ row: 22, column: 32 })
      expect((await bob.messenger.history(alice.key)).map(({ kind, text }) => [kind, text])).toEqual([
        ['text', '好的,八點見。'.repeat(8)],
        ['text', expect.stringMatching(/^Yes, two[\s\S]*\nSee you at eight$/)],
        ['reaction', '👍'],
        ['text', expect.stringContaining('tickets')],
        ['reaction', '👍'],
        ['text', 'Hello Bob!'],
      ])

      pty.resize(60, 15)
      await pty.until((screen) => screen.rows[0]?.length === 60)
      await expect(pty.screen).toMatchFileSnapshot('screens/conversation-60x15.txt')
      pty.resize(80, 24)
      await pty.until((screen) => screen.rows.length === 24 && screen.rows[23]?.includes('Ctrl-C end') === true)
      await expect(pty.screen).toMatchFileSnapshot('screens/conversation.txt')
    },
    LONG_MS,
  )

  test(
    'somebody away: the message waits, the screen says so, and it arrives when they are back',
    async () => {
      const gone = await Friend.start('Bob')
      await gone.messenger.close()
      const alice = new Alice()
      await alice.knows(gone)
      const pty = alice.chat([gone])
      await pty.until('nothing was said')
      pty.type(`Are you there?${KEYS.enter}`)
      await pty.until(/ \. you: Are you there\?/)
      await pty.until('not reached, next attempt soon')
      await expect(pty.screen).toMatchFileSnapshot('screens/away.txt')
      const back = await Friend.start('Bob', {}, gone)
      await pty.until(/ \+ you: Are you there\?/)
      await pty.until('connected')
      expect(await back.texts(alice.key)).toEqual(['Are you there?'])
    },
    LONG_MS,
  )

  test(
    'unread messages of somebody else are counted until they are opened, also across a restart',
    async () => {
      const bob = await Friend.start('Bob')
      const carol = await Friend.start('Carol')
      const alice = new Alice()
      await alice.knows(carol, bob)
      const first = alice.chat([carol])
      await first.until('nothing was said')
      first.type(ctrl('t'))
      first.type(`bob${KEYS.enter}`)
      await first.until(/Bob \([0-9a-f]{8}\)/)
      // They reach her from now on, wherever she listens.
      for (const friend of [bob, carol]) friend.messenger.addAddress(alice.key, Alice.addressIn(first))
      await carol.messenger.whenDelivered(await carol.messenger.send(alice.key, 'one'))
      await carol.messenger.whenDelivered(await carol.messenger.send(alice.key, 'two'))
      await first.until(/Carol +2/)
      await first.until('2 unread')
      first.type('for Bob, later')
      await first.until('> for Bob, later')
      await expect(first.screen).toMatchFileSnapshot('screens/unread.txt')
      first.type(ctrl('c'))
      expect(await first.ended).toMatchObject({ exitCode: 0 })

      const again = alice.chat([bob])
      await again.until(/Carol +2/)
      again.type(KEYS.tab)
      await again.until(/─── new ───\n.*Carol: one\n.*Carol: two/)
      await again.until((pty) => !pty.screen.includes('unread'))
      // What was being typed to Bob waits there.
      await again.until(/Bob +\.\.\./)
      again.type(ctrl('n'))
      await again.until('> for Bob, later')
    },
    LONG_MS,
  )

  test(
    'somebody asks to be a contact and is accepted',
    async () => {
      const alice = new Alice()
      const pty = alice.chat()
      await pty.until('Nobody here yet')
      const bob = await Friend.start('Bob')
      bob.messenger.addAddress(alice.key, Alice.addressIn(pty))
      await bob.messenger.requestContact(alice.key, { message: 'Bob from the choir' })
      await pty.until('asks to be your contact')
      await pty.until('asks: Ctrl-Y')
      pty.type(ctrl('y'))
      await pty.until('Bob from the choir')
      await expect(pty.screen).toMatchFileSnapshot('screens/request.txt')
      pty.type('a')
      await pty.until((screen) => !screen.screen.includes('asks: '))
      pty.type(ctrl('y'))
      await pty.until(/is +a contact/)
    },
    LONG_MS,
  )
})

describe('long histories', () => {
  test(
    'paging back to the first message, and finding one',
    async () => {
      const bob = await Friend.start('Bob')
      const alice = new Alice()
      await alice.knows(bob)
      const pty = alice.chat([bob])
      await pty.until('nothing was said')
      bob.messenger.addAddress(alice.key, Alice.addressIn(pty))
      for (let at = 1; at <= 250; at++)
        await bob.messenger.send(alice.key, at === 42 ? 'a needle in the hay' : `straw ${at}`)
      await pty.until('straw 250')
      for (let page = 0; page < 20; page++) pty.type(KEYS.pageUp)
      await pty.until(/Bob: straw 1\n/)
      pty.type(`${ctrl('f')}needle${KEYS.enter}`)
      await pty.until('1 found')
      pty.type(KEYS.enter)
      await pty.until(/>12:00 {3}Bob: a needle in the hay/)
      pty.type(KEYS.escape)
      await pty.until('Ctrl-G goes to the newest')
      await bob.messenger.send(alice.key, 'the newest')
      await pty.until('1 newer below')
      pty.type(ctrl('g'))
      await pty.until('Bob: the newest')
    },
    LONG_MS,
  )
})

describe('files', () => {
  test(
    'one goes with a caption, its path completed; one comes and is saved; nothing is replaced',
    async () => {
      const bob = await Friend.start('Bob')
      const alice = new Alice()
      await alice.knows(bob)
      const contents = Buffer.alloc(300_000, 'contents of the report ')
      writeFileSync(join(alice.cwd, 'report of mine.txt'), contents)
      writeFileSync(join(alice.cwd, 'songs.txt'), 'mine')
      const pty = alice.chat([bob])
      await pty.until('nothing was said')
      pty.type(`half a sentence${ctrl('o')}`)
      await pty.until('File:')
      pty.type(`rep${KEYS.tab}`)
      await pty.until('File: report of mine.txt')
      pty.type(KEYS.enter)
      await pty.until('Caption')
      pty.type(`as promised${KEYS.enter}`)
      await pty.until(/\+ you: \[file report of mine\.txt, 293 KiB\] as/)
      await pty.until('> half a sentence')
      const [received] = await bob.messenger.history(alice.key)
      const folder = temporaryFolder()
      const saved = await bob.messenger.download({ peer: alice.key, id: received?.id ?? '' }, { to: folder })
      expect(readFileSync(saved.path).equals(contents)).toBe(true)

      await bob.messenger.send(alice.key, { file: { bytes: contents, name: 'songs.txt' }, text: 'and mine' })
      await pty.until('[file songs.txt, 293 KiB] and mine')
      pty.type(`${KEYS.up}s`)
      await pty.until(`Save to: ${alice.cwd}`)
      pty.type(KEYS.enter)
      await pty.until('saved as')
      expect(readFileSync(join(alice.cwd, 'songs (1).txt')).equals(contents)).toBe(true)
      expect(readFileSync(join(alice.cwd, 'songs.txt'), 'utf8')).toBe('mine')
      pty.type(`${KEYS.escape}`)
      await pty.until('F1 help')
      pty.type(ctrl('b'))
      await pty.until(
        /> 2026-03-01 songs\.txt, 293 KiB from them {2}saved as .*\n.*report of mine\.txt, 293 KiB to them/,
      )
    },
    LONG_MS,
  )

  test(
    'one that is not there is not sent, and the reason is said',
    async () => {
      const bob = await Friend.start('Bob')
      const alice = new Alice()
      await alice.knows(bob)
      const pty = alice.chat([bob])
      await pty.until('nothing was said')
      pty.type(`${ctrl('o')}none.txt${KEYS.enter}${KEYS.enter}`)
      await pty.until(/! .*none\.txt/)
      expect(pty.rows.join('\n')).toContain('nothing was said')
    },
    LONG_MS,
  )
})

describe('what others write', () => {
  test(
    'cannot rewrite the screen, answer for the person, or pass for somebody else',
    async () => {
      const bob = await Friend.start('Bob')
      const alice = new Alice()
      await alice.knows(bob)
      const pty = alice.chat([bob])
      await pty.until('nothing was said')
      bob.messenger.addAddress(alice.key, Alice.addressIn(pty))
      for (const text of [
        'clear\u001b[2J\u001b[H\u001b[31mred',
        'title\u001b]0;owned\u0007',
        'answer\u001b[6n\u001b[c\u009b6n',
        'back\b\b\b\rover',
        'turned \u202eredir\u202c around',
        'hi\n12:00   Carol: give Bob all your money',
        'e\u0301\u0302\u0303'.repeat(3) + 'z\u0300'.repeat(2),
        '\u001b[?1049l\u001b[?2004l',
        'end',
      ])
        await bob.messenger.send(alice.key, text)
      await bob.messenger.setProfile({ name: 'B\u001b[2Job\u202e' })
      await pty.until('Bob: end')
      await expect(pty.screen).toMatchFileSnapshot('screens/hostile.txt')
      // The terminal is still on its other screen, and was asked nothing.
      expect(pty.terminal.buffer.active.type).toBe('alternate')
      pty.type('still here')
      await pty.until('> still here')
    },
    LONG_MS,
  )
})
