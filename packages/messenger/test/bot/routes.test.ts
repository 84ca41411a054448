import { describe, expect, test } from 'vitest'
import { parseCommand } from '../../src/bot/command.js'
import { Routes } from '../../src/bot/routes.js'
import type { IncomingMessage } from '../../src/index.js'
import type { MessageKind } from '../../src/view.js'

function message(text: string, kind: MessageKind = 'text'): IncomingMessage {
  const command = parseCommand({ kind, text, replyTo: undefined, file: undefined }, '/')
  return { kind, text, command } as IncomingMessage
}

function createRoutes() {
  const routes = new Routes()
  const seen: string[] = []
  const note = (name: string) => (message: IncomingMessage) => seen.push(`${name}: ${message.text}`)
  const call = (text: string, kind?: MessageKind): boolean => {
    const found = routes.find(message(text, kind))
    found?.()
    return found !== undefined
  }
  return { routes, seen, note, call }
}

describe('commands', () => {
  test('reach their handler by any of their names, in any case', () => {
    const { routes, seen, note, call } = createRoutes()
    routes.command(['Start', 'hello'], note('start'))
    routes.command('stop', ({ command }) => seen.push(`stop ${command.args.join('+')}`))
    expect(['/start', '/HELLO', '/stop a b'].map((text) => call(text))).toEqual([true, true, true])
    expect(seen).toEqual(['start: /start', 'start: /HELLO', 'stop a+b'])
    expect(call('/else')).toBe(false)
    expect(call('start')).toBe(false)
  })

  test('that nobody knows have a handler of their own, behind the patterns', () => {
    const { routes, seen, note, call } = createRoutes()
    routes.unknownCommand(note('unknown'))
    routes.hears(/^\/roll \d+d\d+/, note('dice'))
    routes.command('help', note('help'))
    for (const text of ['/help', '/roll 2d6', '/else']) expect(call(text)).toBe(true)
    expect(call('no command')).toBe(false)
    expect(seen).toEqual(['help: /help', 'dice: /roll 2d6', 'unknown: /else'])
    expect(() => routes.unknownCommand(() => {})).toThrow(RangeError)
  })

  test.each([[''], ['/start'], ['two words'], [[]], [['a', 'A']], ['help']])('%j cannot be registered', (names) => {
    const routes = new Routes()
    routes.command('help', () => {})
    expect(() => routes.command(names, () => {})).toThrow(RangeError)
  })

  test('are listed if they have a description', () => {
    const routes = new Routes()
    expect(routes.isEmpty).toBe(true)
    routes.command(['start', 'hello'], () => {}, { description: 'says hello' })
    routes.command('secret', () => {})
    routes.command('help', () => {}, { description: 'this list' })
    expect(routes.helpText('!')).toBe('!start, !hello – says hello\n!help – this list')
    expect(routes.isEmpty).toBe(false)
  })
})

describe('patterns', () => {
  test('a text fits as a whole, in any case', () => {
    const { routes, seen, note, call } = createRoutes()
    routes.hears(['ping', 'What?'], note('heard'))
    for (const text of ['Ping', '  PING\n', 'what?']) expect(call(text)).toBe(true)
    for (const text of ['pinging', 'wha', 'so: ping']) expect(call(text)).toBe(false)
    expect(seen).toHaveLength(3)
  })

  test('a regular expression fits anywhere, every time, and shows what fitted', () => {
    const { routes, seen, call } = createRoutes()
    routes.hears(/(\d+) euros/giy, ({ match }) => seen.push(`${match.index} ${match[1]}`))
    expect([call('5 EUROS'), call('pay 7 euros'), call('pay 8 Euros')]).toEqual([true, true, true])
    expect(seen).toEqual(['0 5', '4 7', '4 8'])
  })

  test('the first that fits has the message alone, and only what was written is heard', () => {
    const { routes, seen, note, call } = createRoutes()
    routes.hears(/👍/u, note('first'))
    routes.hears(/./u, note('second'))
    expect([call('👍'), call('hi', 'image'), call('👍', 'reaction')]).toEqual([true, true, false])
    expect(seen).toEqual(['first: 👍', 'second: hi'])
  })
})
