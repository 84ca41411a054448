import { encodeSystemMessage, MEDIATOR_DIALECTS, systemGuid } from '@mimirjs/wire/mediator'
import { describe, expect, test } from 'vitest'
import { bench, Keeper, NOW_MS, pass, settle, testSigner, until } from './support/bench.js'
import { key } from './support/messages.js'

const OWN = testSigner().publicKey

describe.each(MEDIATOR_DIALECTS)('a chat that is followed, dialect %s', (dialect) => {
  test('comes up in order: subscribe, infos, members, messages, own info, ready', async () => {
    const { client, mediator } = await bench(dialect)
    for (let count = 0; count < 250; count++) mediator.add()
    mediator.members = [{ publicKey: OWN, permissions: 0x10, online: true, lastSeenSeconds: 0n }]
    mediator.infos = [{ publicKey: OWN, info: key(1), timestampSeconds: 50n }]
    mediator.handlers.subscribe = (_, from) => {
      from.isSubscribed = true
      setImmediate(() => from.push('requestMemberInfo', { chatId: 7n, lastUpdateSeconds: 50n }))
      return { messageId: mediator.lastId }
    }
    const keeper = new Keeper()
    const following = client.follow(7n, keeper)
    client.start()
    await until(() => keeper.readies === 1)
    expect(mediator.asked.slice(2)).toEqual([
      ...['subscribe', 'getMembersInfo', 'getMembers', 'getMessagesSince', 'getMessagesSince', 'getMessagesSince'],
    ])
    await until(() => keeper.stored.length === 250)
    expect(keeper.log.filter((step) => step !== 'store')).toEqual(['infos', 'members', 'asked', 'ready'])
    expect(keeper.asks).toEqual([[50n, false]])
    expect([keeper.syncedTo, following.syncedTo]).toEqual([250n, 250n])
    mediator.add()
    await until(() => keeper.syncedTo === 251n)
  })

  test('comes up again after every break, and misses nothing', async () => {
    const { client, mediator, clock } = await bench(dialect)
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    for (let round = 1; round <= 4; round++) {
      await until(() => keeper.readies === round)
      for (let count = 0; count < 7; count++) mediator.add()
      mediator.cut()
      await until(() => client.state.state === 'waiting')
      for (let count = 0; count < 150; count++) mediator.add()
      clock.advance(2400)
    }
    await until(() => keeper.stored.length === 4 * 157)
    expect(keeper.syncedTo).toBe(4n * 157n)
    expect(keeper.stored).toEqual([...keeper.stored].sort((a, b) => Number(a - b)))
  })

  test('somebody else has a new info', async () => {
    const { client, mediator, clock } = await bench(dialect)
    mediator.members = [{ publicKey: key(3), permissions: 0x10, online: false, lastSeenSeconds: 0n }]
    mediator.infos = [{ publicKey: key(3), info: key(4), timestampSeconds: 20n }]
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.readies === 1)
    mediator.infos = [{ publicKey: key(3), info: key(5), timestampSeconds: 30n }]
    mediator.asked.length = 0
    let since: bigint | undefined
    mediator.handlers.getMembersInfo = ({ sinceSeconds }) => {
      since = sinceSeconds
      return { members: mediator.infos }
    }
    const [connection] = mediator.connections
    connection!.push('gotMemberInfo', {
      chatId: 7n,
      members: [{ publicKey: key(99), info: key(1), timestampSeconds: 5n }],
    })
    connection!.push('gotMemberInfo', { chatId: 7n, members: mediator.infos })
    connection!.push('gotMemberInfo', { chatId: 7n, members: mediator.infos })
    await settle()
    clock.advance(1000)
    await until(() => keeper.infos.some(({ info }) => info[0] === 5))
    // Without a chat id it is only a hint, which is followed once, and not for strangers.
    expect(mediator.asked).toEqual(dialect === 'binary' ? ['getMembersInfo'] : [])
    if (dialect !== 'binary') return
    expect(since).toBe(19n)
    // Nor is the hint of somebody lost who turns out to be a member.
    mediator.members = [
      ...mediator.members,
      { publicKey: key(99), permissions: 0x10, online: false, lastSeenSeconds: 0n },
    ]
    mediator.addSystem({ event: 'userAdded', target: key(99), actor: key(3), random: key(4) })
    await until(() => keeper.syncedTo === 1n)
    clock.advance(1000)
    await until(() => keeper.memberLists.length === 2)
    await settle()
    clock.advance(1000)
    await until(() => mediator.asked.filter((command) => command === 'getMembersInfo').length === 2)
  })
})

describe('the store', () => {
  test('that fails is offered the same again, and what follows waits', async () => {
    const { client, mediator, clock, errors } = await bench()
    for (let count = 0; count < 3; count++) mediator.add()
    const keeper = new Keeper()
    keeper.failures = 2
    client.follow(7n, keeper)
    client.start()
    await until(() => errors.length === 1)
    mediator.add()
    await settle()
    expect(keeper.stored).toEqual([])
    clock.advance(1000)
    await until(() => errors.length === 2)
    clock.advance(1999)
    await settle()
    expect(keeper.stored).toEqual([])
    clock.advance(1)
    await until(() => keeper.syncedTo === 4n)
    expect(keeper.stored).toEqual([1n, 2n, 3n, 4n])
  })

  test('that is slow bounds what is held, and gets everything in the end', async () => {
    const { client, mediator, clock } = await bench('tlv-push', { limits: { queuedMessages: 10, batchMessages: 4 } })
    const keeper = new Keeper()
    let held = 0
    const releases: (() => void)[] = []
    const store = keeper.store.bind(keeper)
    keeper.store = async (batch) => {
      held++
      await new Promise<void>((resolve) => releases.push(resolve))
      await store(batch)
    }
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.readies === 1)
    for (let count = 0; count < 300; count++) mediator.add()
    await settle()
    expect(held).toBe(1)
    const before = mediator.asked.filter((command) => command === 'getMessagesSince').length
    for (let turn = 0; keeper.syncedTo < 300n; turn++) {
      if (turn > 500) expect.fail(`stored ${keeper.stored.length} of 300`)
      releases.shift()?.()
      await settle()
      clock.advance(1000)
    }
    expect(keeper.stored.length).toBe(300)
    expect(mediator.asked.filter((command) => command === 'getMessagesSince').length).toBeGreaterThan(before)
  })
})

describe('a gap', () => {
  test('that does not close within a second is asked for once', async () => {
    const { client, mediator, clock } = await bench()
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.readies === 1)
    mediator.asked.length = 0
    mediator.add({}, undefined, false)
    mediator.add()
    await until(() => keeper.stored.length === 1)
    expect(keeper.syncedTo).toBe(0n)
    clock.advance(999)
    await settle()
    expect(mediator.asked).toEqual([])
    clock.advance(1)
    await until(() => keeper.syncedTo === 2n)
    expect(keeper.stored).toEqual([2n, 1n])
    clock.advance(5000)
    await settle()
    expect(mediator.asked).toEqual(['getMessagesSince'])
  })

  test('of our own message closes when the caller says so', async () => {
    const { client, mediator, clock } = await bench()
    const keeper = new Keeper()
    const following = client.follow(7n, keeper)
    client.start()
    await until(() => keeper.readies === 1)
    mediator.asked.length = 0
    const { messageId } = await client.sendMessage({ chatId: 7n, guid: 1n, timestampSeconds: 1n, blob: key(1) })
    mediator.add()
    await until(() => keeper.stored.length === 1)
    following.sent(messageId)
    await until(() => keeper.syncedTo === 2n)
    clock.advance(5000)
    await settle()
    expect(mediator.asked).toEqual(['sendMessage'])
  })

  test('at the end shows within ten quiet minutes', async () => {
    const { client, mediator, clock } = await bench()
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.readies === 1)
    mediator.add({}, undefined, false)
    mediator.asked.length = 0
    for (let minute = 0; minute < 10; minute++) {
      expect(keeper.stored).toEqual([])
      clock.advance(60_000)
      await settle()
    }
    await until(() => keeper.syncedTo === 1n)
    expect(mediator.asked.filter((command) => command === 'getLastMessageId').length).toBe(1)
  })
})

describe('refused', () => {
  test('read-only: looks every minute, and subscribes again when it may', async () => {
    const { client, mediator, clock } = await bench()
    mediator.add()
    mediator.handlers.subscribe = () => 'read-only user'
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.syncedTo === 1n)
    expect(keeper.refusals).toMatchObject([{ code: 'read-only' }])
    expect(keeper.readies).toBe(0)
    mediator.add()
    clock.advance(59_000)
    await settle()
    expect(keeper.syncedTo).toBe(1n)
    clock.advance(1000)
    await until(() => keeper.syncedTo === 2n)
    mediator.handlers = {}
    mediator.addSystem({ event: 'permsChanged', target: OWN, permissions: 0x10, actor: key(3), random: key(4) })
    clock.advance(60_000)
    await until(() => keeper.readies === 1)
    mediator.add()
    await until(() => keeper.syncedTo === 4n)
  })

  test('not a member: told once per connection, and again after refresh', async () => {
    const { client, mediator, clock } = await bench()
    mediator.handlers.subscribe = () => 'not a member or banned'
    const keeper = new Keeper()
    const following = client.follow(7n, keeper)
    client.start()
    await until(() => keeper.refusals.length === 1)
    await pass(clock, 1_200_000)
    expect(keeper.refusals).toMatchObject([{ code: 'not-member' }])
    following.refresh()
    await until(() => keeper.refusals.length === 2)
    mediator.handlers = {}
    following.refresh()
    await until(() => keeper.readies === 1)
  })

  test('banned while reading: the page says so', async () => {
    const { client, mediator } = await bench()
    mediator.handlers.getMessagesSince = () => 'not a member or banned'
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.refusals.length === 1)
    expect(keeper.readies).toBe(0)
  })

  test('anything else is tried again, with growing pauses', async () => {
    const { client, mediator, clock, errors } = await bench()
    let refusals = 3
    mediator.handlers.subscribe = () => (refusals-- > 0 ? 'db error' : { messageId: 0n })
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    for (const pauseMs of [1000, 2000, 4000]) {
      const before = errors.length
      await until(() => errors.length === before + 1 || refusals < 0)
      clock.advance(pauseMs - 1)
      await settle()
      expect(keeper.readies).toBe(0)
      clock.advance(1)
    }
    await until(() => keeper.readies === 1)
  })

  test('without its members a chat comes up all the same', async () => {
    const { client, mediator, errors } = await bench()
    mediator.add()
    mediator.handlers.getMembers = () => 'db error'
    mediator.handlers.getMembersInfo = () => 'db error'
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.readies === 1)
    expect(errors.length).toBe(2)
  })
})

describe('pages that fail', () => {
  test('are asked for with half the limit, down to one; then the chat goes on without', async () => {
    const { client, mediator, errors, clock } = await bench()
    mediator.add()
    const limits: number[] = []
    mediator.handlers.getMessagesSince = ({ limit }) => {
      limits.push(limit)
      return 'cache error'
    }
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.readies === 1)
    expect(limits).toEqual([100, 50, 25, 12, 6, 3, 1])
    expect(errors).toMatchObject([{ code: 'server', remoteText: 'cache error' }])
    expect(keeper.syncedTo).toBe(0n)
    mediator.handlers = {}
    await pass(clock, 600_000)
    await until(() => keeper.syncedTo === 1n)
  })

  test('a limit of the rate is waited for, and costs no size', async () => {
    const { client, mediator, clock } = await bench()
    mediator.add()
    const limits: number[] = []
    mediator.handlers.getMessagesSince = ({ limit }) => {
      limits.push(limit)
      return limits.length < 3 ? 'rate limit' : { messages: mediator.rows }
    }
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    await until(() => limits.length === 1)
    for (const pauseMs of [1000, 2000]) {
      await settle()
      clock.advance(pauseMs)
    }
    await until(() => keeper.syncedTo === 1n)
    expect(limits).toEqual([100, 100, 100])
  })

  test('one that ends the connection is smaller the next time, and in the end left alone', async () => {
    const { client, mediator, clock, errors } = await bench()
    mediator.add()
    const limits: number[] = []
    mediator.handlers.getMessagesSince = ({ limit }, from) => {
      limits.push(limit)
      // A payload of 4 GiB.
      from.stream.write(Uint8Array.of(0, 0, 9, 255, 255, 255, 255))
      return undefined
    }
    const keeper = new Keeper()
    const following = client.follow(7n, keeper)
    client.start()
    for (let attempt = 0; attempt < 7; attempt++) {
      await until(() => limits.length === attempt + 1 && client.state.state === 'waiting')
      clock.advance(2400)
    }
    await until(() => keeper.readies === 1)
    expect(limits).toEqual([100, 50, 25, 12, 6, 3, 1])
    expect(errors).toMatchObject([{ code: 'protocol' }])
    clock.advance(0)
    mediator.add()
    await until(() => keeper.stored.length === 1)
    expect(keeper.syncedTo).toBe(0n)
    mediator.handlers = {}
    following.refresh()
    await until(() => keeper.syncedTo === 2n)
  })
})

describe('members', () => {
  test('our own row without info: upload it, whatever its time', async () => {
    const { client, mediator } = await bench()
    mediator.infos = [{ publicKey: OWN, info: new Uint8Array(0), timestampSeconds: 900n }]
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.readies === 1)
    expect(keeper.asks).toEqual([[900n, true]])
    const [connection] = mediator.connections
    connection!.push('requestMemberInfo', { chatId: 7n, lastUpdateSeconds: 901n })
    await until(() => keeper.asks.length === 2)
    expect(keeper.asks[1]).toEqual([901n, false])
  })

  test('infos are asked for since the newest, and a clock that is far ahead does not count', async () => {
    const { client, mediator, clock } = await bench()
    const nowSeconds = BigInt(NOW_MS / 1000)
    const asked: (bigint | undefined)[] = []
    mediator.handlers.getMembersInfo = ({ sinceSeconds }) => {
      asked.push(sinceSeconds)
      return {
        members: [
          { publicKey: key(3), info: key(1), timestampSeconds: nowSeconds },
          { publicKey: key(4), info: key(1), timestampSeconds: nowSeconds + 1_000_000n },
        ],
      }
    }
    const keeper = new Keeper()
    keeper.infoSinceSeconds = 500n
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.readies === 1)
    mediator.cut()
    await until(() => client.state.state === 'waiting')
    clock.advance(2400)
    await until(() => keeper.readies === 2)
    expect(asked).toEqual([499n, nowSeconds - 1n])
  })

  test('are listed again, once, after changes', async () => {
    const { client, mediator, clock } = await bench()
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.readies === 1)
    mediator.addSystem({ event: 'userAdded', target: key(3), actor: key(4), random: key(5) })
    mediator.addSystem({ event: 'userBanned', target: key(3), actor: key(4), random: key(5) })
    await until(() => keeper.syncedTo === 2n)
    clock.advance(1000)
    await until(() => keeper.memberLists.length === 2)
    clock.advance(5000)
    await settle()
    expect(keeper.memberLists.length).toBe(2)
  })
})

describe('events', () => {
  const offline = { event: 'memberOnline', publicKey: OWN, online: false, timestampSeconds: 5n } as const

  test('that are stored nowhere are told once', async () => {
    const { client, mediator } = await bench()
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.readies === 1)
    mediator.tell({ event: 'chatDeleted', actor: key(3), random: key(4) }, 11n)
    mediator.tell({ event: 'chatDeleted', actor: key(3), random: key(4) }, 11n)
    mediator.tell({ event: 'memberOnline', publicKey: key(3), online: true, timestampSeconds: 5n }, 12n)
    const [connection] = mediator.connections
    const stray = { messageId: 0n, guid: 13n, timestampSeconds: 5n, author: key(3), blob: key(4) }
    connection!.push('gotMessage', { ...stray, chatId: 7n })
    await until(() => keeper.events.length === 2)
    await settle()
    expect(keeper.events.map(({ event }) => event)).toEqual(['chatDeleted', 'memberOnline'])
    expect(keeper.stored).toEqual([])
  })

  test('of somebody who comes, goes and comes within a second are three', async () => {
    const { client, mediator } = await bench()
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.readies === 1)
    const tell = (fill: number, online: boolean): void => {
      const event = { event: 'memberOnline', publicKey: key(fill), online, timestampSeconds: 5n } as const
      mediator.tell(event, systemGuid(encodeSystemMessage(event), 5n))
    }
    for (const online of [true, false, false, true]) for (const fill of [3, 4]) tell(fill, online)
    await until(() => keeper.events.length >= 6)
    await settle()
    const ofOne = keeper.events.filter((event) => event.event === 'memberOnline' && event.publicKey[0] === 3)
    expect(ofOne.map((event) => event.event === 'memberOnline' && event.online)).toEqual([true, false, true])
    expect(keeper.events.length).toBe(6)
  })

  test('"offline" about ourselves: subscribe again, at most once a minute', async () => {
    const { client, mediator, clock } = await bench()
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.readies === 1)
    const subscriptions = (): number => mediator.asked.filter((command) => command === 'subscribe').length
    for (let guid = 1n; guid < 5n; guid++) mediator.tell(offline, guid)
    await until(() => keeper.events.length === 4)
    expect(subscriptions()).toBe(1)
    clock.advance(60_000)
    await until(() => subscriptions() === 2)
    await settle()
    mediator.tell(offline, 9n)
    await until(() => keeper.events.length === 5)
    clock.advance(59_000)
    await settle()
    expect(subscriptions()).toBe(2)
    clock.advance(1000)
    await until(() => subscriptions() === 3)
  })

  test('a former key of the mediator still speaks for it', async () => {
    const { client, mediator } = await bench('tlv-push', { formerMediatorKeys: [key(76)] })
    mediator.addSystem({ event: 'userLeft', user: key(3), random: key(4) })
    mediator.rows = mediator.rows.map((row) => ({ ...row, author: key(76) }))
    mediator.add({ author: key(75) })
    const keeper = new Keeper()
    client.follow(7n, keeper)
    client.start()
    await until(() => keeper.syncedTo === 2n)
    const read = keeper.batches.flatMap(({ messages }) => messages)
    expect(read.map(({ isSystem, system }) => [isSystem, system?.event])).toEqual([
      [true, 'userLeft'],
      [false, undefined],
    ])
  })
})

describe('following', () => {
  test('one at a time per chat; after stop nothing comes', async () => {
    const { client, mediator } = await bench()
    const keeper = new Keeper()
    const following = client.follow(7n, keeper)
    expect(() => client.follow(7n, new Keeper())).toThrow('followed already')
    client.start()
    await until(() => keeper.readies === 1)
    following.stop()
    following.stop()
    mediator.add()
    await settle()
    expect(keeper.stored).toEqual([])
    const next = new Keeper()
    client.follow(7n, next)
    await until(() => next.syncedTo === 1n)
  })

  test('begins where the follower is, on a connection that is up', async () => {
    const { client, mediator } = await bench()
    for (let count = 0; count < 5; count++) mediator.add()
    client.start()
    await client.ready()
    const keeper = new Keeper()
    keeper.syncedTo = 3n
    client.follow(7n, keeper)
    await until(() => keeper.syncedTo === 5n)
    expect(keeper.stored).toEqual([4n, 5n])
  })

  test('many chats come up, some at a time', async () => {
    const { client, mediator } = await bench('tlv-push', { limits: { chatsAtOnce: 3 } })
    let [open, most] = [0, 0]
    mediator.handlers.subscribe = () => {
      most = Math.max(most, ++open)
      return { messageId: 0n }
    }
    mediator.handlers.getMembers = () => {
      open--
      return { members: [] }
    }
    const keepers = Array.from({ length: 50 }, () => new Keeper())
    keepers.forEach((keeper, index) => void client.follow(BigInt(index + 100), keeper))
    client.start()
    await until(() => keepers.every(({ readies }) => readies === 1))
    expect(most).toBeLessThanOrEqual(3)
  })

  test('a store that hangs holds up no other chat', async () => {
    const { client, mediator, clock } = await bench('tlv-push', { limits: { chatsAtOnce: 1 } })
    mediator.add()
    const [hanging, other] = [new Keeper(), new Keeper()]
    hanging.store = () => new Promise(() => {})
    client.follow(7n, hanging)
    client.follow(8n, other)
    client.start()
    await until(() => mediator.asked.includes('getMessagesSince'))
    await settle()
    expect(other.readies).toBe(0)
    clock.advance(15_000)
    await until(() => other.readies === 1)
    expect(hanging.readies).toBe(0)
  })

  test('callbacks that throw are reported, and end nothing', async () => {
    const { client, mediator, errors } = await bench()
    const keeper = new Keeper()
    const broken = (): never => {
      throw new Error('broken')
    }
    Object.assign(keeper, { members: broken, memberInfos: broken, ready: broken, event: broken, refused: broken })
    client.follow(7n, keeper)
    client.start()
    await until(() => errors.length === 3)
    mediator.tell({ event: 'chatDeleted', actor: key(3), random: key(4) })
    await until(() => errors.length === 4)
    mediator.add()
    await until(() => keeper.syncedTo === 1n)
  })
})

describe('above the rate of the mediator', () => {
  test('all chats wait together, and come up in the end', async () => {
    const { client, mediator, clock, errors } = await bench()
    let [tokens, refusals] = [100, 0]
    for (const command of ['subscribe', 'getMembers', 'getMembersInfo', 'getMessagesSince'] as const) {
      const answers = { subscribe: { messageId: 0n }, getMembers: { members: [] }, getMembersInfo: { members: [] } }
      const answer = command === 'getMessagesSince' ? { messages: [] } : answers[command]
      Object.assign(mediator.handlers, {
        [command]: () => {
          if (tokens > 0) {
            tokens--
            return answer
          }
          refusals++
          return 'rate limit'
        },
      })
    }
    const keepers = Array.from({ length: 200 }, () => new Keeper())
    keepers.forEach((keeper, index) => void client.follow(BigInt(index + 100), keeper))
    client.start()
    for (let second = 0; keepers.some(({ readies }) => readies === 0); second++) {
      if (second > 60) expect.fail(`${refusals} refusals, and still not all are up`)
      await settle()
      clock.advance(1000)
      tokens = Math.min(100, tokens + 50)
    }
    // A mediator cuts after a hundred.
    expect(refusals).toBeLessThan(100)
    expect(errors).toEqual([])
  })

  test('a close does not wait for the pause', async () => {
    const { client, mediator, clock } = await bench()
    mediator.handlers.subscribe = () => 'rate limit'
    client.follow(7n, new Keeper())
    client.start()
    await until(() => mediator.asked.includes('subscribe'))
    await settle()
    await client.close()
    expect(clock.nextDueMs).toBeUndefined()
  })
})
