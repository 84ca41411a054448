// What a mediator does, in the plainest form: no store, no sockets, no bytes. Written from mediator protocol §7 to §13, not from
// the server; the model test compares the two. Keys and clients are numbers.
import type { MediatorDialect } from '@mimirjs/wire/mediator'

export interface RefClient {
  readonly number: number
  readonly dialect: MediatorDialect
}

export interface RefMessage {
  readonly id: bigint
  readonly guid: bigint
  /** A key, or what the mediator says. */
  readonly author: number | 'mediator'
  readonly text: string
  readonly time: bigint | undefined
}

interface RefChat {
  name: string
  readonly owner: number
  readonly members: Map<number, { permissions: number; banned: boolean }>
  messages: RefMessage[]
  lastId: bigint
  readonly subscribers: Set<RefClient>
}

interface RefInvite {
  readonly id: bigint
  readonly chat: bigint
  readonly to: number
  readonly from: number
}

/** `ok` with whatever is compared, or the text of an error. */
export type RefAnswer = readonly ['ok', unknown?] | readonly ['error', string]

const no = (text: string): RefAnswer => ['error', text]
const NOT_MEMBER = 'not a member or banned'
const rank = (permissions: number): number =>
  permissions & 0x80 ? 3 : permissions & 0x40 ? 2 : permissions & 0x20 ? 1 : 0

export class Reference {
  readonly chats = new Map<bigint, RefChat>()
  readonly pushes = new Map<RefClient, string[]>()
  invites: RefInvite[] = []
  #nextInvite = 1n
  readonly #strict: boolean

  constructor(strict: boolean) {
    this.#strict = strict
  }

  makeChat(chat: bigint, owner: number): void {
    const members = new Map([[owner, { permissions: 0x90, banned: false }]])
    this.chats.set(chat, { name: 'chat', owner, members, messages: [], lastId: 0n, subscribers: new Set() })
  }

  send(client: RefClient, chatId: bigint, guid: bigint, time: bigint | undefined, text: string): RefAnswer {
    const chat = this.chats.get(chatId)
    const member = this.#member(client, chatId)
    if (chat === undefined || member === undefined) return no(NOT_MEMBER)
    if (member.permissions & 0x08) return no('read-only user')
    const isBinary = client.dialect === 'binary'
    const claimed = isBinary ? undefined : time
    for (let bump = 0n; bump < 10n; bump++) {
      const taken = chat.messages.find((message) => message.guid === guid + bump)
      if (taken === undefined) {
        const id = this.#store(chat, { guid: guid + bump, author: client.number, text, time: claimed })
        this.#push(chat, id, client, true)
        return ['ok', isBinary ? [id] : [id, guid + bump]]
      }
      const isMine = taken.author === client.number
      if (isMine && (isBinary || taken.time === claimed)) return ['ok', isBinary ? [taken.id] : [taken.id, taken.guid]]
      if (isBinary) return no('db error - failed to insert message')
    }
    return no('db error - guid collision limit exceeded')
  }

  remove(client: RefClient, chatId: bigint, id: bigint, guid: bigint): RefAnswer {
    const chat = this.chats.get(chatId)
    const isBinary = client.dialect === 'binary'
    const found = chat?.messages.find((message) => (isBinary ? message.id === id : message.guid === guid))
    if (!isBinary && found === undefined) return no('message not found')
    const member = this.#member(client, chatId)
    const isModerator = member !== undefined && (member.permissions & 0xe0) !== 0
    const isOwn = !isBinary && found?.author === client.number
    if (!isModerator && !isOwn) return no('insufficient perms')
    if (chat === undefined || found === undefined) return ['ok']
    chat.messages = chat.messages.filter((message) => message !== found)
    this.#say(chat, `deleted ${found.guid} by ${client.number}`, undefined, false)
    return ['ok']
  }

  add(client: RefClient, chatId: bigint, target: number): RefAnswer {
    const [chat, refusal] = this.#moderated(client, chatId)
    if (chat === undefined) return refusal
    const member = chat.members.get(target)
    const caller = chat.members.get(client.number)
    if (this.#strict && member !== undefined) {
      if (rank(member.permissions) === 3) return no('insufficient perms')
      if (member.banned && rank(caller?.permissions ?? 0) < 2) return no('insufficient perms')
      if (!member.banned) return ['ok']
    }
    chat.members.set(target, { permissions: 0x10, banned: false })
    this.#say(chat, `added ${target} by ${client.number}`, client, true)
    return ['ok']
  }

  ban(client: RefClient, chatId: bigint, target: number): RefAnswer {
    const [chat, refusal] = this.#moderated(client, chatId)
    if (chat === undefined) return refusal
    const member = chat.members.get(target)
    const callerRank = rank(chat.members.get(client.number)?.permissions ?? 0)
    if (this.#strict) {
      if (target === client.number) return no('insufficient perms')
      if (member === undefined) return no(NOT_MEMBER)
      const targetRank = rank(member.permissions)
      if (targetRank === 3 || (callerRank !== 3 && targetRank >= callerRank)) return no('insufficient perms')
    }
    if (member !== undefined) {
      member.banned = true
      member.permissions |= 1
    }
    if (this.#strict) this.invites = this.invites.filter((one) => one.to !== target || one.chat !== chatId)
    this.#say(chat, `banned ${target} by ${client.number}`, client, true)
    this.#drop(chat, target)
    return ['ok']
  }

  leave(client: RefClient, chatId: bigint): RefAnswer {
    const chat = this.chats.get(chatId)
    const member = chat?.members.get(client.number)
    if (chat === undefined || member === undefined) return no('not a member')
    if (member.permissions & 0x80) return no("owner can't leave")
    if (member.banned) return no('banned user')
    this.#say(chat, `left ${client.number}`, client, true)
    chat.members.delete(client.number)
    if (this.#strict) this.invites = this.invites.filter((one) => one.to !== client.number || one.chat !== chatId)
    this.#drop(chat, client.number)
    return ['ok']
  }

  setRole(client: RefClient, chatId: bigint, target: number, permissions: number): RefAnswer {
    const chat = this.chats.get(chatId)
    const caller = this.#member(client, chatId)
    if (chat === undefined || caller === undefined) return no(NOT_MEMBER)
    if (target === client.number) return no('cannot modify own permissions')
    const member = chat.members.get(target)
    if (member === undefined) return no('target user not a member')
    if (rank(caller.permissions) < 2) return no('insufficient perms')
    const isOwner = rank(caller.permissions) === 3
    if (!isOwner && rank(member.permissions) === 3) return no('cannot modify owner permissions')
    if ((permissions & 0xf9) === 0) return no('invalid permission flags')
    if (this.#strict) {
      if (!isOwner && rank(member.permissions) >= rank(caller.permissions)) return no('insufficient perms')
      if (permissions & 0x80 || (permissions & 0x40 && !isOwner)) return no('insufficient perms')
    }
    member.permissions = permissions
    member.banned = (permissions & 1) !== 0
    if (member.banned && this.#strict)
      this.invites = this.invites.filter((one) => one.to !== target || one.chat !== chatId)
    this.#say(chat, `role ${target} ${permissions} by ${client.number}`, client, false)
    if (member.banned) this.#drop(chat, target)
    return ['ok']
  }

  rename(client: RefClient, chatId: bigint, name: string): RefAnswer {
    const chat = this.chats.get(chatId)
    const member = chat?.members.get(client.number)
    if (chat === undefined || member === undefined) return no('not a member')
    if (member.banned) return no('banned')
    if (rank(member.permissions) < 2) return no('insufficient perms')
    chat.name = name
    this.#say(chat, `named ${name} by ${client.number}`, undefined, false)
    return ['ok']
  }

  invite(client: RefClient, chatId: bigint, target: number): RefAnswer {
    const [chat, refusal] = this.#moderated(client, chatId)
    if (chat === undefined) return refusal
    const member = chat.members.get(target)
    const callerRank = rank(chat.members.get(client.number)?.permissions ?? 0)
    const isPresent = member !== undefined && !member.banned
    if (this.#strict && member !== undefined) {
      if (rank(member.permissions) === 3) return no('insufficient perms')
      if (member.banned && callerRank < 2) return no('insufficient perms')
    }
    const isRotation = this.#strict && isPresent && callerRank >= 2
    const isPush = client.dialect === 'tlv-push'
    const isSeen = this.#strict || (isPush && (member?.permissions ?? 0) >= 0x08)
    if (!isRotation && isPresent && isSeen) return no('user already in chat')
    const before = this.invites.find((one) => one.to === target && one.chat === chatId)
    if (before !== undefined && !isRotation) return no('invite already exists')
    const id = before?.id ?? this.#nextInvite++
    this.invites = this.invites.filter((one) => one !== before)
    this.invites.push({ id, chat: chatId, to: target, from: client.number })
    for (const [one, pushes] of this.pushes) if (one.number === target) pushes.push(`invite ${chatId}`)
    return ['ok']
  }

  answer(client: RefClient, inviteId: bigint, accepted: number): RefAnswer {
    const invite = this.invites.find((one) => one.id === inviteId)
    if (invite === undefined) return no('invite not found')
    if (invite.to !== client.number) return no('not recipient of this invite')
    const chat = this.chats.get(invite.chat)
    this.invites = this.invites.filter((one) => one !== invite)
    if (accepted === 0 || chat === undefined) return ['ok']
    const member = chat.members.get(client.number)
    if (this.#strict && member !== undefined && !member.banned) return ['ok']
    chat.members.set(client.number, { permissions: 0x10, banned: false })
    const isBinary = client.dialect === 'binary'
    this.#say(chat, `added ${client.number} by ${invite.from}`, isBinary ? client : undefined, true)
    return ['ok']
  }

  subscribe(client: RefClient, chatId: bigint): RefAnswer {
    const chat = this.chats.get(chatId)
    const member = this.#member(client, chatId)
    if (chat === undefined || member === undefined) return no(NOT_MEMBER)
    if (member.permissions & 0x08) return no('read-only user')
    chat.subscribers.add(client)
    return ['ok', this.#last(chat)]
  }

  last(client: RefClient, chatId: bigint): RefAnswer {
    const chat = this.chats.get(chatId)
    if (chat === undefined || this.#member(client, chatId) === undefined) return no(NOT_MEMBER)
    return ['ok', this.#last(chat)]
  }

  page(client: RefClient, chatId: bigint, since: bigint, limit: number): RefAnswer {
    const chat = this.chats.get(chatId)
    if (chat === undefined || this.#member(client, chatId) === undefined) return no(NOT_MEMBER)
    const messages = chat.messages.filter(({ id }) => id > since).slice(0, limit)
    return ['ok', messages.map(({ id, text }) => `${id} ${text}`)]
  }

  members(client: RefClient, chatId: bigint): RefAnswer {
    const chat = this.chats.get(chatId)
    if (chat === undefined || this.#member(client, chatId) === undefined) return no(NOT_MEMBER)
    const online = new Set([...chat.subscribers].map(({ number }) => number))
    const present = [...chat.members].filter(([, { banned }]) => !banned)
    return ['ok', present.map(([number, { permissions }]) => `${number} ${permissions} ${online.has(number)}`).sort()]
  }

  chatsOf(client: RefClient): RefAnswer {
    const mine = [...this.chats].filter(([, { members }]) => members.get(client.number)?.banned === false)
    return ['ok', mine.map(([id]) => id).sort((a, b) => (a < b ? -1 : 1))]
  }

  deleteChat(client: RefClient, chatId: bigint): RefAnswer {
    const chat = this.chats.get(chatId)
    if (chat === undefined) return no('no such chat')
    if (chat.owner !== client.number) return no('not an owner')
    this.#tell(chat, `0 gone by ${client.number}`, client, true)
    this.chats.delete(chatId)
    this.invites = this.invites.filter((one) => one.chat !== chatId)
    return ['ok']
  }

  #member({ number }: RefClient, chatId: bigint): { permissions: number; banned: boolean } | undefined {
    const member = this.chats.get(chatId)?.members.get(number)
    return member?.banned === false ? member : undefined
  }

  #moderated(client: RefClient, chatId: bigint): readonly [RefChat | undefined, RefAnswer] {
    const member = this.#member(client, chatId)
    if (member === undefined) return [undefined, no(NOT_MEMBER)]
    if ((member.permissions & 0xe0) !== 0) return [this.chats.get(chatId), ['ok']]
    return [undefined, no(client.dialect === 'tlv-push' ? NOT_MEMBER : 'insufficient perms')]
  }

  #last(chat: RefChat): bigint {
    return chat.messages.at(-1)?.id ?? 0n
  }

  #store(chat: RefChat, message: Omit<RefMessage, 'id'>): bigint {
    chat.lastId += 1n
    chat.messages.push({ ...message, id: chat.lastId })
    return chat.lastId
  }

  /** A system message; its guid is nobody's business here, and far from those of users. */
  #say(chat: RefChat, text: string, except: RefClient | undefined, toBinary: boolean): void {
    const id = this.#store(chat, { guid: -1n - chat.lastId, author: 'mediator', text, time: undefined })
    this.#push(chat, id, except, toBinary)
  }

  #push(chat: RefChat, id: bigint, except: RefClient | undefined, toBinary: boolean): void {
    this.#tell(chat, `${id} ${chat.messages.find((message) => message.id === id)?.text}`, except, toBinary)
  }

  #tell(chat: RefChat, text: string, except: RefClient | undefined, toBinary: boolean): void {
    for (const client of chat.subscribers)
      if (client !== except && (toBinary || client.dialect !== 'binary')) this.pushes.get(client)?.push(text)
  }

  #drop(chat: RefChat, number: number): void {
    for (const client of chat.subscribers) if (client.number === number) chat.subscribers.delete(client)
  }
}
