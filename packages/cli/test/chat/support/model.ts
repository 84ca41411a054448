import type { ChatEntry, ChatPerson } from '../../../src/chat/backend.js'
import type { ChatEvent } from '../../../src/chat/model/event.js'
import { reduce } from '../../../src/chat/model/reduce.js'
import type { ChatState, Effect, Talk } from '../../../src/chat/model/state.js'
import { talkOf } from '../../../src/chat/model/talk.js'
import type { Frame } from '../../../src/chat/view/frame.js'
import { screenOf } from '../../../src/chat/view/screen.js'

export const BOB = 'b0'.repeat(32)
export const CAROL = 'ca'.repeat(32)
export const SELF: string = 'a1'.repeat(32)

export function person(peer: string, name: string, change: Partial<ChatPerson> = {}): ChatPerson {
  return { peer, name, nickname: '', info: '', kind: 'contact', unread: 0, ...change }
}

export function entry(id: number, text: string, change: Partial<ChatEntry> = {}): ChatEntry {
  const outgoing = change.outgoing ?? false
  return {
    id: String(id),
    peer: BOB,
    author: outgoing ? SELF : (change.peer ?? BOB),
    authorName: '',
    outgoing,
    kind: 'text',
    text,
    replyTo: undefined,
    file: undefined,
    state: outgoing ? 'delivered' : 'received',
    sentMs: id * 1_000,
    edited: false,
    ...change,
  }
}

const KEY = { kind: 'key', ctrl: false, alt: false, shift: false } as const

/** The model without anything around it: what happens is told, what is to be done is written down. */
export class ModelChat {
  state: ChatState
  /** Since they were last taken. */
  effects: Effect[] = []

  constructor(change: Partial<ChatState> = {}) {
    this.state = {
      columns: 80,
      rows: 24,
      nowMs: 0,
      self: {
        publicKey: SELF,
        name: 'Alice',
        link: 'mimir://mm/u/alice',
        reach: { ok: true, text: 'listening' },
        saveFolder: '/files/',
      },
      look: { unicode: true, times: { clock: () => '12:00', day: () => '2026-03-01', left: (ms) => `in ${ms} ms` } },
      people: [],
      requests: [],
      links: new Map(),
      mediators: new Map(),
      nearby: undefined,
      members: new Map(),
      talks: new Map(),
      open: undefined,
      mode: { name: 'write' },
      notice: undefined,
      transfers: new Map(),
      nextToken: 1,
      ...change,
    }
  }

  /** Bob's conversation on the screen, read to its start. */
  static withBob(entries: readonly ChatEntry[], change: Partial<ChatState> = {}): ModelChat {
    const chat = new ModelChat(change)
    chat.happen({ type: 'people', people: [person(BOB, 'Bob'), person(CAROL, 'Carol')], requests: [] })
    chat.happen({ type: 'read', peer: BOB, older: false, entries, start: true })
    chat.take()
    return chat
  }

  happen(...events: readonly ChatEvent[]): this {
    for (const event of events) {
      const { state, effects } = reduce(this.state, event)
      this.state = state
      this.effects.push(...effects)
    }
    return this
  }

  /** Keys by name: `ctrl-n`, `up`, `alt-enter`. */
  press(...names: readonly string[]): this {
    for (const name of names) {
      const [, modifier, key] = /^(ctrl|alt|shift)-(.+)$/.exec(name) ?? [name, '', name]
      this.happen({
        type: 'key',
        key: { ...KEY, name: key ?? '', ...(modifier === '' ? {} : { [modifier as 'ctrl']: true }) },
      })
    }
    return this
  }

  type(text: string): this {
    return this.happen({ type: 'key', key: { kind: 'text', text } })
  }

  /** What there is to do since the last time. */
  take(): Effect[] {
    return this.effects.splice(0)
  }

  talk(peer: string = BOB): Talk {
    return talkOf(this.state, peer)
  }

  get frame(): Frame {
    return screenOf(this.state)
  }

  /** Rows of the screen as text, without the spaces at their ends. */
  get rows(): string[] {
    return this.frame.rows.map((row) =>
      row
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    )
  }

  get status(): string {
    return this.rows.at(-1) ?? ''
  }
}
