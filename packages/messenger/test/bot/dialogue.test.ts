import { createClock } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { MAX_DIALOGUES } from '../../src/bot/dialogues.js'
import { Handlers, NOT_TAKEN } from '../../src/handlers.js'
import type { Content, Dialogue, IncomingMessage } from '../../src/index.js'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Handlers with an inbox as the messenger has it: one message at a time per person. */
function createWorld(isCutOff?: (cause: unknown) => boolean) {
  const handlers = new Handlers(isCutOff)
  const clock = createClock(1_700_000_000_000)
  const sent: string[] = []
  const handled: string[] = []
  const errors: unknown[] = []
  const queues = new Map<string, Promise<void>>()
  let parked = 0
  const say = (from: string, text: string): void => {
    const send = async (to: string | Uint8Array, content: Content): Promise<never> => {
      sent.push(`${String(to)} by ${text}: ${String(content)}`)
      return undefined as never
    }
    const message = { from, text, send } as unknown as IncomingMessage
    const work = async (): Promise<void> => {
      const park = (): (() => void) => {
        parked += 1
        return () => {
          parked -= 1
        }
      }
      const taken = await handlers.run(message, (error) => errors.push(error), park)
      handled.push(taken ? text : `not ${text}`)
    }
    queues.set(from, (queues.get(from) ?? Promise.resolve()).then(work))
  }
  const open = (peer: string): Dialogue =>
    handlers.dialogues.open(peer, {
      clock,
      send: async (to, content) => {
        sent.push(`${to}: ${String(content)}`)
        return undefined as never
      },
    })
  return { handlers, clock, sent, handled, errors, say, open, parked: () => parked }
}

describe('a dialogue', () => {
  test('takes what one person says before the handlers; each is handled when the next is asked for', async () => {
    const { handlers, handled, say, open } = createWorld()
    const others: string[] = []
    handlers.add(({ text }) => others.push(text))
    const dialogue = open('ann')
    say('ann', 'one')
    say('ann', 'two')
    say('ben', 'three')
    expect((await dialogue.nextMessage()).text).toBe('one')
    await turn()
    expect([handled, others]).toEqual([['three'], ['three']])
    expect((await dialogue.nextMessage()).text).toBe('two')
    await turn()
    expect(handled).toEqual(['three', 'one'])
    dialogue.end()
    say('ann', 'four')
    await turn()
    expect([handled, others]).toEqual([
      ['three', 'one', 'two', 'four'],
      ['three', 'four'],
    ])
  })

  test('a question goes out with the message at hand, else by itself', async () => {
    const { sent, say, open } = createWorld()
    const dialogue = open('ann')
    const first = dialogue.ask('who?')
    await turn()
    say('ann', 'me')
    await first
    const second = dialogue.ask('and where?')
    await turn()
    say('ann', 'here')
    await second
    expect(sent).toEqual(['ann: who?', 'ann by me: and where?'])
  })

  test('those who ask at once are answered one after the other', async () => {
    const { sent, say, open } = createWorld()
    const dialogue = open('ann')
    const both = Promise.all([dialogue.ask('one?'), dialogue.ask('two?')])
    await turn()
    expect(sent).toEqual(['ann: one?'])
    say('ann', '1')
    say('ann', '2')
    expect((await both).map(({ text }) => text)).toEqual(['1', '2'])
    expect(sent).toEqual(['ann: one?', 'ann by 1: two?'])
  })

  test('is there once per person', () => {
    const { open } = createWorld()
    const dialogue = open('ann')
    expect(() => open('ann')).toThrow(expect.objectContaining({ code: 'busy', blame: 'local' }))
    open('ben')
    dialogue.end()
    open('ann')
  })

  test('as a loop ends when it is left, and with the dialogue', async () => {
    const { handlers, handled, say, open } = createWorld()
    const dialogue = open('ann')
    say('ann', 'one')
    say('ann', 'stop')
    const seen: string[] = []
    for await (const { text } of dialogue) {
      seen.push(text)
      if (text === 'stop') break
    }
    await turn()
    expect([seen, handled, dialogue.ended, handlers.isEmpty]).toEqual([['one', 'stop'], ['one', 'stop'], true, true])
    const next = open('ann')
    setImmediate(() => next.end())
    for await (const message of next) expect(message).toBeUndefined()
    await expect(next.nextMessage()).rejects.toMatchObject({ code: 'closed' })
  })

  test('waits no longer than it is told to, and can go on after that', async () => {
    const { handled, clock, say, open } = createWorld()
    const dialogue = open('ann')
    const late = dialogue.ask('well?', { timeoutMs: 5_000 }).catch((error: unknown) => error)
    await turn()
    clock.advance(4_999)
    await turn()
    expect(dialogue.ended).toBe(false)
    clock.advance(1)
    expect(await late).toMatchObject({ code: 'no-answer', blame: 'timeout' })
    say('ann', 'sorry')
    await turn()
    expect(handled).toEqual([])
    expect((await dialogue.nextMessage()).text).toBe('sorry')
    expect(clock.nextDueMs).toBeUndefined()
  })

  test('waits until its signal fires', async () => {
    const { open } = createWorld()
    const dialogue = open('ann')
    const controller = new AbortController()
    const waiting = dialogue.nextMessage({ signal: controller.signal })
    setImmediate(() => controller.abort())
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
    await expect(dialogue.nextMessage({ signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' })
  })

  test('what it was handed and did not look at goes to the others', async () => {
    const { handlers, handled, say, open } = createWorld()
    const dialogue = open('ann')
    say('ann', 'one')
    await turn()
    dialogue.end()
    await turn()
    expect(handled).toEqual(['not one'])
    const seen: string[] = []
    const second = open('ann')
    say('ann', 'two')
    await turn()
    handlers.add(({ text }) => seen.push(text))
    second.end()
    await turn()
    expect([seen, handled]).toEqual([['two'], ['not one', 'two']])
  })

  test('what comes at the moment of the timeout is not lost', async () => {
    const { clock, handled, say, open } = createWorld()
    const dialogue = open('ann')
    const waiting = dialogue.nextMessage({ timeoutMs: 1_000 }).catch(() => 'late')
    await turn()
    clock.advance(1_000)
    say('ann', 'here')
    expect(await waiting).toBe('late')
    expect((await dialogue.nextMessage()).text).toBe('here')
    dialogue.end()
    await turn()
    expect(handled).toEqual(['here'])
  })

  test('too many: the one that waited longest ends', async () => {
    const { handlers, open } = createWorld()
    const idle = open('idle')
    const first = open('first')
    const why = first.nextMessage().catch((error: unknown) => error)
    const second = open('second').nextMessage()
    second.catch(() => {})
    for (let i = 3; i < MAX_DIALOGUES; i++) open(`person ${i}`)
    await turn()
    open('one more')
    expect(await why).toMatchObject({ code: 'no-answer' })
    expect([idle.ended, first.ended, handlers.dialogues.size]).toEqual([false, true, MAX_DIALOGUES])
  })
})

describe('a handler', () => {
  test('talks with its own sender: from the first question on its message counts as handled', async () => {
    const { handlers, handled, sent, say, open } = createWorld()
    const answers: string[] = []
    handlers.add(async ({ from }) => {
      const dialogue = open(from)
      await turn()
      const name = await dialogue.ask('your name?')
      const size = await dialogue.ask(`${name.text}, which size?`)
      answers.push(name.text, size.text)
    })
    say('ann', 'order')
    await turn()
    expect(handled).toEqual([])
    for (let i = 0; i < 3; i++) await turn()
    expect([handled, sent]).toEqual([['order'], ['ann by order: your name?']])
    say('ann', 'Ann')
    say('ann', 'XL')
    for (let i = 0; i < 5; i++) await turn()
    expect(handled).toEqual(['order', 'Ann', 'XL'])
    expect(sent).toEqual(['ann by order: your name?', 'ann by Ann: Ann, which size?'])
    expect([answers, handlers.dialogues.size]).toEqual([['Ann', 'XL'], 0])
  })

  test('that asked nothing keeps its message to its end', async () => {
    const { handlers, handled, say, open } = createWorld()
    let finish = (): void => {}
    handlers.add(async ({ from }) => {
      open(from).end()
      await new Promise<void>((resolve) => {
        finish = resolve
      })
    })
    say('ann', 'hello')
    await turn()
    expect(handled).toEqual([])
    finish()
    await turn()
    expect(handled).toEqual(['hello'])
  })

  test('that fails in a dialogue is heard of, and the dialogue ends with it', async () => {
    const { handlers, handled, errors, clock, say, open } = createWorld()
    handlers.add(async ({ from }) => {
      await open(from).ask('well?', { timeoutMs: 1_000 })
    })
    say('ann', 'hello')
    await turn()
    await turn()
    expect([handled, errors]).toEqual([['hello'], []])
    clock.advance(1_000)
    await turn()
    expect(errors).toMatchObject([{ code: 'no-answer' }])
    expect(handlers.dialogues.size).toBe(0)
  })

  test('the others still get the message that it counts as handled', async () => {
    const { handlers, handled, say, open } = createWorld()
    const seen: string[] = []
    handlers.add(async ({ from }) => {
      await open(from).ask('well?')
    })
    handlers.add(async ({ text }) => {
      await turn()
      seen.push(text)
    })
    say('ann', 'hello')
    for (let i = 0; i < 4; i++) await turn()
    expect([seen, handled]).toEqual([['hello'], ['hello']])
    handlers.dialogues.close()
  })

  test('that talks with somebody else waits, and takes no place meanwhile', async () => {
    const { handlers, handled, say, open, parked } = createWorld()
    handlers.add(async ({ from }) => {
      if (from !== 'ann') return
      const { text } = await open('ben').ask('may she?')
      expect(text).toBe('yes')
    })
    say('ann', 'may I?')
    await turn()
    await turn()
    expect([handled, parked()]).toEqual([[], 1])
    say('ben', 'yes')
    for (let i = 0; i < 4; i++) await turn()
    expect([[...handled].sort(), parked()]).toEqual([['may I?', 'yes'], 0])
  })

  test('that closes everything from inside a dialogue is not waited for', async () => {
    const { handlers, handled, say, open } = createWorld()
    let release = (): void => {}
    handlers.add(async ({ from }) => {
      await open(from).ask('sure?')
      handlers.finishCaller()
      await new Promise<void>((resolve) => {
        release = resolve
      })
    })
    say('ann', '/stop')
    await turn()
    say('ann', 'yes')
    for (let i = 0; i < 4; i++) await turn()
    expect(handled).toEqual(['/stop', 'yes'])
    release()
  })
})

test('a handler that is cut off in a dialogue leaves the message at hand unhandled', async () => {
  const cut = new Error('closing')
  const { handlers, handled, errors, say, open } = createWorld((cause) => cause === cut)
  let cutOff = (): void => {}
  handlers.add(async ({ from }) => {
    await open(from).ask('well?')
    await new Promise<void>((_, reject) => {
      cutOff = () => reject(cut)
    })
  })
  say('ann', 'hello')
  await turn()
  say('ann', 'yes')
  for (let i = 0; i < 4; i++) await turn()
  cutOff()
  await turn()
  expect([handled, errors]).toEqual([['hello', 'not yes'], []])
  handlers.add(() => {
    throw cut
  })
  say('ben', 'and me?')
  await turn()
  // One of several was, so it comes again for all of them.
  expect(handled.at(-1)).toBe('not and me?')
})

test('when all ends, whoever waits hears of it, and a message at hand is handled when its program is done', async () => {
  const { handlers, handled, sent, say, open } = createWorld()
  const [ann, ben] = [open('ann'), open('ben')]
  say('ann', 'one')
  await ann.nextMessage()
  const waiting = ben.nextMessage()
  await turn()
  handlers.dialogues.close()
  await expect(waiting).rejects.toMatchObject({ code: 'closed' })
  await turn()
  expect(handled).toEqual([])
  await expect(ann.ask('and?')).rejects.toMatchObject({ code: 'closed' })
  await turn()
  expect([handled, sent]).toEqual([['one'], ['ann by one: and?']])
})

test('commands and patterns have a message alone; without handlers the rest passes', async () => {
  const { handlers, handled, say } = createWorld()
  const seen: string[] = []
  say('ann', 'early')
  await turn()
  handlers.routes.hears('ping', ({ text }) => seen.push(`route ${text}`))
  say('ann', 'ping')
  say('ann', 'else')
  await turn()
  expect(handled).toEqual(['not early', 'ping', 'else'])
  handlers.add(({ text }) => seen.push(`handler ${text}`))
  say('ann', 'ping')
  say('ann', 'else')
  await turn()
  expect(seen).toEqual(['route ping', 'route ping', 'handler else'])
})

test('what a loop over messages left goes to the next handler, commands or not', async () => {
  const { handlers, handled, say } = createWorld()
  handlers.routes.hears('ping', () => {})
  handlers.add(() => NOT_TAKEN)
  say('ann', 'else')
  say('ann', 'ping')
  await turn()
  expect(handled).toEqual(['not else', 'ping'])
})

test('several handlers that fail are reported together', async () => {
  const { handlers, errors, say } = createWorld()
  for (const name of ['one', 'two'])
    handlers.add(() => {
      throw new Error(name)
    })
  say('ann', 'hello')
  await turn()
  expect(errors).toMatchObject([{ name: 'AggregateError', errors: [{ message: 'one' }, { message: 'two' }] }])
})

test('middleware is around all of it, and may open a dialogue itself', async () => {
  const { handlers, handled, sent, say, open } = createWorld()
  const seen: string[] = []
  handlers.middleware.push(async ({ from, text }, next) => {
    if (text === 'password') return next()
    const { text: given } = await open(from).ask('password?')
    if (given === 'password') await next()
  })
  handlers.add(({ text }) => seen.push(text))
  say('ann', 'hello')
  await turn()
  await turn()
  expect([handled, sent]).toEqual([['hello'], ['ann by hello: password?']])
  say('ann', 'password')
  for (let i = 0; i < 4; i++) await turn()
  expect([handled, seen]).toEqual([['hello', 'password'], ['hello']])
})
