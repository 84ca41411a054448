// The parts of src/bot as a bot's author meets them: through a messenger, with somebody writing to it.
import { createClock } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { createMemoryStore, type MessengerError, type MessengerOptions, rateLimit } from '../src/index.js'
import { createWorld, keepOpen } from './support/world.js'

/** A bot that can be reached, and Ann, who writes to it. */
async function createPair(options: MessengerOptions = {}) {
  const world = createWorld()
  const [bot, ann] = [await world.person(options), await world.person({ generation: options.generation ?? 'classic' })]
  const answers: string[] = []
  ann.messenger.on('message', ({ text }) => answers.push(text))
  ann.messenger.addAddress(bot.messenger.publicKey, await bot.messenger.listen(bot.address))
  const say = (...texts: string[]) =>
    Promise.all(texts.map((text) => ann.messenger.send(bot.messenger.publicKey, text)))
  return { world, bot, ann, answers, say }
}

async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await test())) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('commands, patterns and the rest each have their handler', async () => {
  const { bot, say, answers } = await createPair()
  bot.messenger
    .command('add', (m) => m.reply(String(m.command.args.reduce((sum, arg) => sum + Number(arg), 0))), {
      description: 'adds numbers',
    })
    .command(['help', 'start'], (m) => m.reply(bot.messenger.helpText()), { description: 'this list' })
    .unknownCommand((m) => m.reply(`no /${m.command.name} here`))
    .hears(/^my name is (?<name>.+)$/i, (m) => m.reply(`hello ${m.match.groups?.['name']}`))
    .on('message', (m) => m.reply(`you said ${m.text}`))
  await say('/ADD 1 2 39', '/start', '/fly "to the moon"', 'My name is Ann', 'good day')
  await until(() => answers.length === 5)
  expect(answers).toEqual([
    '42',
    '/add – adds numbers\n/help, /start – this list',
    'no /fly here',
    'hello Ann',
    'you said good day',
  ])
})

test('a bot of nothing but commands lets everything else pass', async () => {
  const { bot, say, answers } = await createPair({ commandPrefix: '!' })
  await say('hello?', '/ping')
  bot.messenger.command('ping', (m) => m.reply('pong'))
  await say('!ping')
  await until(() => answers.length === 1)
  await until(async () => (await bot.messenger.health()).unhandled === 0)
  expect(answers).toEqual(['pong'])
})

test('a prefix that everything begins with is refused', async () => {
  const { world } = await createPair()
  await expect(world.person({ commandPrefix: ' ' })).rejects.toThrow(RangeError)
})

test('a handler may put an emoji under its message', async () => {
  const { bot, ann, say } = await createPair({ generation: 'overlay' })
  bot.messenger.on('message', (m) => m.react('👍'))
  const reactions: (string | undefined)[] = []
  ann.messenger.on('message', ({ kind, text, replyTo }) => reactions.push(kind, text, replyTo))
  const [sent] = await say('hello')
  await until(() => reactions.length > 0)
  expect(reactions).toEqual(['reaction', '👍', sent!.id])
})

test('middleware sees every message before the handlers, and may keep it from them', async () => {
  const { bot, say, answers } = await createPair()
  const seen: string[] = []
  bot.messenger
    .use(async ({ text }, next) => {
      seen.push(`> ${text}`)
      await next()
      seen.push(`< ${text}`)
    })
    .use(async ({ text, reply }, next) => {
      if (text.includes('secret')) await reply('not here')
      else await next()
    })
    .command('ping', (m) => m.reply('pong'))
    .on('message', (m) => m.reply(m.text))
  await say('/ping', 'a secret', 'hello')
  await until(() => answers.length === 3)
  expect(answers).toEqual(['pong', 'not here', 'hello'])
  expect(seen).toEqual(['> /ping', '< /ping', '> a secret', '< a secret', '> hello', '< hello'])
})

test('a flood is held off, and answered once', async () => {
  const clock = createClock(0)
  const { bot, say, answers } = await createPair()
  bot.messenger
    .use(rateLimit({ messages: 2, perMs: 60_000, clock, onLimit: (m) => m.reply('not so fast') }))
    .on('message', (m) => m.reply(m.text))
  await say('1', '2', '3', '4', '5')
  await until(async () => answers.length === 3 && (await bot.messenger.health()).unhandled === 0)
  expect(answers).toEqual(['1', '2', 'not so fast'])
})

describe('a conversation', () => {
  test('in the handler of a command: question by question, then everything is as before', async () => {
    const { bot, ann, say, answers } = await createPair()
    bot.messenger
      .command('order', async (m) => {
        const talk = bot.messenger.conversation(m.from)
        const size = await talk.ask('Which size?')
        await size.reply(`${size.text}, good`)
        const colour = await talk.ask('Which colour?')
        await colour.reply(`One ${size.text} in ${colour.text}.`)
      })
      .on('message', (m) => m.reply(`you said ${m.text}`))
    for (const [text, count] of [
      ['/order', 1],
      ['XL', 3],
      ['/blue', 4],
      ['thanks', 5],
    ] as const) {
      await say(text)
      await until(() => answers.length === count)
    }
    expect(answers).toEqual(['Which size?', 'XL, good', 'Which colour?', 'One XL in /blue.', 'you said thanks'])
    expect(await ann.messenger.history(bot.messenger.publicKey)).toHaveLength(9)
  })

  test('from outside a handler, with the messages that waited', async () => {
    const { bot, ann, say } = await createPair()
    const sent = await say('one', 'two', 'stop')
    await Promise.all(sent.map((one) => ann.messenger.whenDelivered(one)))
    const texts: string[] = []
    for await (const { text } of bot.messenger.conversation(ann.messenger.link)) {
      texts.push(text)
      if (text === 'stop') break
    }
    expect(texts).toEqual(['one', 'two', 'stop'])
    await until(async () => (await bot.messenger.health()).unhandled === 0)
  })

  test('with more people than handlers run side by side: what they hold keeps nobody else waiting', async () => {
    const { world, bot, say, answers } = await createPair()
    bot.messenger.hears('ping', (m) => m.reply('pong'))
    const talks = []
    for (let i = 0; i < 20; i++) {
      const { messenger } = await world.person()
      talks.push(bot.messenger.conversation(messenger.publicKey))
      messenger.addAddress(bot.messenger.publicKey, bot.address)
      await messenger.whenDelivered(await messenger.send(bot.messenger.publicKey, 'hello'))
    }
    await say('ping')
    await until(() => answers.length === 1)
    const [first, second] = talks
    expect((await first!.nextMessage()).text).toBe('hello')
    for (const talk of talks) talk.end()
    await until(async () => (await bot.messenger.health()).unhandled === 0)
    await expect(second!.nextMessage()).rejects.toMatchObject({ code: 'closed' })
  })

  test('learns that nobody answered, that there is one already, and that it is over', async () => {
    const { bot, ann, say, answers } = await createPair()
    const errors: MessengerError[] = []
    bot.messenger.on('error', (error) => errors.push(error))
    bot.messenger.command('ask', async (m) => {
      await bot.messenger.conversation(m.from).ask('well?', { timeoutMs: 10 })
    })
    await say('/ask')
    await until(() => errors.length === 1)
    expect(errors[0]).toMatchObject({ code: 'handler', cause: { code: 'no-answer', blame: 'timeout' } })
    expect(answers).toEqual(['well?'])
    const open = bot.messenger.conversation(ann.messenger.publicKey)
    expect(() => bot.messenger.conversation(ann.messenger.publicKey)).toThrow(expect.objectContaining({ code: 'busy' }))
    expect(() => bot.messenger.conversation(bot.messenger.link)).toThrow(expect.objectContaining({ code: 'bad-key' }))
    const waiting = open.nextMessage()
    waiting.catch(() => {})
    await bot.messenger.close()
    await expect(waiting).rejects.toMatchObject({ code: 'closed' })
    expect(() => bot.messenger.conversation(ann.messenger.publicKey)).toThrow(
      expect.objectContaining({ code: 'closed' }),
    )
  })

  test('a handler may close the messenger in the middle of one', async () => {
    const store = keepOpen(createMemoryStore())
    const { bot, say, answers } = await createPair({ store })
    const closed = new Promise<number>((resolve) => {
      bot.messenger.command('stop', async (m) => {
        const sure = await bot.messenger.conversation(m.from).ask('sure?')
        await sure.reply('bye')
        const startMs = performance.now()
        await bot.messenger.close({ timeoutMs: 10_000 })
        resolve(performance.now() - startMs)
      })
    })
    await say('/stop')
    await until(() => answers.length === 1)
    await say('yes')
    expect(await closed).toBeLessThan(3_000)
    expect(await store.counts()).toMatchObject({ unhandled: 0, messages: 4 })
  })

  test('the process dies in the middle: the question is not asked again, the message at hand comes again', async () => {
    const store = keepOpen(createMemoryStore())
    const { world, bot, ann, say, answers } = await createPair({ store })
    let inHand = ''
    bot.messenger.command('order', async (m) => {
      const { text } = await bot.messenger.conversation(m.from).ask('Which size?')
      inHand = text
      await new Promise(() => {})
    })
    await say('/order')
    await until(() => answers.length === 1)
    await say('XL')
    await until(() => inHand === 'XL')
    await bot.messenger.close({ timeoutMs: 1 })

    const second = await world.person({ ...bot.parts, store })
    second.messenger.command('order', (m) => m.reply('again?')).on('message', (m) => m.reply(`what is ${m.text}?`))
    ann.messenger.addAddress(second.messenger.publicKey, await second.messenger.listen(bot.address))
    await say('hello?')
    await until(() => answers.length === 3)
    expect(answers).toEqual(['Which size?', 'what is XL?', 'what is hello??'])
  })
})

describe('a handler that is cut off when its messenger closes', () => {
  test('has its message again at the next start, and what it had said is said once', async () => {
    const store = keepOpen(createMemoryStore())
    const { world, bot, ann, say, answers } = await createPair({ store })
    let waiting = false
    bot.messenger.on('message', async (m) => {
      await m.reply('in a moment')
      await new Promise((_, reject) => {
        bot.messenger.closing.addEventListener('abort', () => reject(bot.messenger.closing.reason as Error))
        waiting = true
      })
    })
    const errors: MessengerError[] = []
    bot.messenger.on('error', (error) => errors.push(error))
    await say('hello')
    await until(() => waiting)
    const startMs = performance.now()
    await bot.messenger.close({ timeoutMs: 10_000 })
    expect(performance.now() - startMs).toBeLessThan(3_000)
    expect([await store.counts(), errors]).toMatchObject([{ unhandled: 1 }, []])

    const second = await world.person({ ...bot.parts, store })
    second.messenger.on('message', async (m) => {
      await m.reply('in a moment')
      await m.reply('done')
    })
    ann.messenger.addAddress(second.messenger.publicKey, await second.messenger.listen(bot.address))
    await say('still there?')
    await until(() => answers.length === 4)
    expect(answers).toEqual(['in a moment', 'done', 'in a moment', 'done'])
  })

  test('an error of the same name at any other time is an error', async () => {
    const { bot, say } = await createPair()
    const failed = new Promise<MessengerError>((resolve) => bot.messenger.on('error', resolve))
    bot.messenger.on('message', (m) => {
      const talk = bot.messenger.conversation(m.from)
      talk.end()
      return talk.nextMessage()
    })
    await say('hello')
    expect(await failed).toMatchObject({ code: 'handler', cause: { code: 'closed' } })
    await until(async () => (await bot.messenger.health()).unhandled === 0)
  })
})
