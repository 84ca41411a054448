import { describe, expect, test } from 'vitest'
import { rateLimit } from '../../src/index.js'
import { collect, createGroupOf, createScene, type Person, until } from './support/scene.js'

describe('a bot in a group', () => {
  test('handles commands, and answers where they were given', async () => {
    const scene = await createScene()
    const [anna, bot] = [await scene.person(), await scene.person()]
    bot.messenger.command('roll', (message) =>
      message.reply(`${message.from.slice(0, 8)} rolls ${message.command.args.join(',')}`),
    )
    bot.messenger.hears(/good (morning|night)/i, (message) => message.react('👋'))
    const [group] = await createGroupOf([anna, bot])
    const answers = collect(anna, 2)
    await group!.send('/roll 6 6')
    await group!.send('Good morning everybody')
    const [roll, wave] = await answers
    expect(roll).toMatchObject({ text: `${anna.key.slice(0, 8)} rolls 6,6`, from: bot.key })
    expect(wave).toMatchObject({ kind: 'reaction', text: '👋' })
    expect(wave!.group?.id).toBe(group!.id)
    expect(bot.errors).toEqual([])
  })

  test('talks with one person of a group, apart from the others and from what they say to it alone', async () => {
    const scene = await createScene()
    const [anna, bert, bot] = [await scene.person(), await scene.person(), await scene.person()]
    const others: string[] = []
    bot.messenger.command('order', async (message) => {
      await using dialogue = bot.messenger.conversation(message.from, { group: message.group! })
      const answer = await dialogue.ask('What shall it be?')
      await answer.reply(`One ${answer.text} for ${answer.from.slice(0, 8)}`)
    })
    bot.messenger.on('message', (message) => void others.push(message.text))
    const [group, berts] = await createGroupOf([anna, bert, bot])
    await group!.send('/order')
    await bert.sees(group!, ['/order', 'What shall it be?'])
    await berts!.send('beer')
    await until(() => others.includes('beer'))
    await group!.send('tea')
    await bert.sees(group!, ['/order', 'What shall it be?', 'beer', 'tea', `One tea for ${anna.key.slice(0, 8)}`])
    expect(others).toEqual(['beer'])
    expect(() => bot.messenger.conversation(anna.key, { group: 'ab'.repeat(32) })).toThrow(
      expect.objectContaining({ code: 'unknown-group' }),
    )
  })

  test('limits each person in a group by itself', async () => {
    const scene = await createScene()
    const [anna, bert, bot] = [await scene.person(), await scene.person(), await scene.person()]
    bot.messenger.use(rateLimit({ messages: 1, perMs: 60_000 }))
    const heard: string[] = []
    bot.messenger.on('message', (message) => void heard.push(message.text))
    const [group, berts] = await createGroupOf([anna, bert, bot])
    await group!.send('a1')
    await group!.send('a2')
    await anna.messenger.whenDelivered(await group!.send('a3'))
    await berts!.send('b1')
    await until(() => heard.includes('b1'))
    expect(heard).toEqual(['a1', 'b1'])
  })

  test('passes over what the blocked say, though the history has it', async () => {
    const scene = await createScene()
    const people = [await scene.person(), await scene.person(), await scene.person()] as const
    const [anna, bert, carl] = people
    const heard: string[] = []
    carl.messenger.on('message', (message) => void heard.push(message.text))
    const [group, berts] = await createGroupOf(people)
    await carl.messenger.block(bert.key)
    await berts!.send('buy now')
    await carl.sees(group!, ['buy now'])
    await group!.send('hello')
    await until(() => heard.length > 0)
    expect(heard).toEqual(['hello'])
    expect((await carl.store.counts()).unhandled).toBe(0)
    expect(anna.errors).toEqual([])
  })

  test('answers once, though its handler runs again after a restart', async () => {
    const scene = await createScene()
    const [anna, bot] = [await scene.person(), await scene.person()]
    const [group] = await createGroupOf([anna, bot])
    const ids: string[] = []
    let isCutOff = true
    const answer = (person: Person): void => {
      person.messenger.on('message', async (message) => {
        const sent = await message.reply(`re: ${message.text}`)
        ids.push(sent.id)
        // Killed between the answer and the end: with a store that goes on it is as if.
        if (isCutOff)
          await new Promise((_, reject) =>
            person.messenger.closing.addEventListener('abort', () => reject(person.messenger.closing.reason)),
          )
      })
    }
    answer(bot)
    await group!.send('hello')
    await until(() => ids.length === 1)
    await bot.messenger.close()
    isCutOff = false
    answer(await bot.restart())
    await anna.sees(group!, ['hello', 're: hello'])
    await until(() => ids.length === 2)
    expect(new Set(ids).size).toBe(1)
    await anna.messenger.whenDelivered(await group!.send('end'))
    await anna.sees(group!, ['hello', 're: hello', 'end', 're: end'])
  })
})
