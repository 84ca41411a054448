import { harmlessLine, harmlessText } from '../../harmless.js'
import type { ChatGroup, ChatMember, ChatPerson, ChatRequest } from '../backend.js'
import type { ChatState } from '../model/state.js'
import { wrap } from '../width.js'
import { type Row, span } from './frame.js'
import { linkText } from './list.js'
import { nameOf, personOf, whoOf } from './names.js'

/** A person, or a group, with all that is known of it, and what can be done. */
export function personRows(state: ChatState, columns: number): Row[] {
  const peer = state.open ?? ''
  const person = personOf(state, peer)
  const request = state.requests.find((asking) => asking.peer === peer)
  const isGroup = person?.group !== undefined || request?.invite !== undefined
  const actions = [
    ...(request === undefined ? [] : ['a accept', 'r refuse']),
    ...(isGroup ? groupActions(person?.group) : personActions(person, request)),
    'Esc back',
  ]
  const facts = isGroup ? groupFacts(state, peer, request) : personFacts(state, peer, request)
  const members = person?.group === undefined ? [] : memberFacts(state.members.get(peer))
  return [
    [span(` ${nameOf(state, peer)}`, { bold: true })],
    ...wrap(actions.join('    '), columns - 2).map((text): Row => [span(` ${text}`, { bold: true })]),
    [],
    ...[...facts, ...members].flatMap(([label, text]) => factRows(label, text, columns)),
  ]
}

/** May ask others into a group. */
export function mayInvite({ role }: ChatGroup): boolean {
  return role === 'owner' || role === 'admin' || role === 'moderator'
}

/** Its owner can only delete it. */
export function mayLeave({ role }: ChatGroup): boolean {
  return role !== 'owner'
}

function personActions(person: ChatPerson | undefined, request: ChatRequest | undefined): string[] {
  const isBlocked = person?.kind === 'blocked'
  return [
    isBlocked ? 'b let in again' : 'b block',
    'n name',
    ...(request === undefined && !isBlocked ? ['q ask to be contacts'] : []),
  ]
}

function groupActions(group: ChatGroup | undefined): string[] {
  if (group?.state !== 'joined') return []
  return [...(mayInvite(group) ? ['i invite'] : []), ...(mayLeave(group) ? ['l leave'] : [])]
}

type Fact = readonly [label: string, text: string]

function personFacts(state: ChatState, peer: string, request: ChatRequest | undefined): Fact[] {
  const person = personOf(state, peer)
  const kind =
    request === undefined
      ? { contact: 'a contact', stranger: 'not a contact', blocked: 'blocked', group: '' }[person?.kind ?? 'stranger']
      : request.knock === undefined
        ? 'asks to be your contact'
        : 'knocks, and knows nothing of you until you accept'
  return [
    ['name', person?.name || '-'],
    ['calls itself', person?.nickname || request?.nickname || '-'],
    ['key', peer],
    ...fact('compare', request?.knock?.fingerprint),
    ['is', kind],
    ['link', linkText(state, peer)],
    ...fact('says', person?.info),
    ...fact('asks', request?.message),
  ]
}

function groupFacts(state: ChatState, peer: string, request: ChatRequest | undefined): Fact[] {
  const person = personOf(state, peer)
  const group = person?.group
  const invite = request?.invite
  const inviting = invite && (invite.isNewKey ? 'has a new key for it' : 'invites you')
  return [
    ['group', peer],
    ...fact('about', person?.info || request?.message),
    ...(invite === undefined
      ? []
      : ([
          ['invite', `${whoOf(state, invite.from)} ${inviting}`],
          ['', invite.from],
        ] as const)),
    ...(group === undefined
      ? []
      : ([
          ['you are', group.role],
          ['mediator', group.mediatorAddress],
          ['link', linkText(state, peer)],
        ] as const)),
  ]
}

/** Everybody in a group by name and the start of the key. */
function memberFacts(members: readonly ChatMember[] | undefined): Fact[] {
  if (members === undefined) return []
  const lines = members.map(({ publicKey, name, role, online }): Fact => {
    const start = publicKey.slice(0, 8)
    const who = name === '' ? start : `${harmlessLine(name.slice(0, 40))} (${start})`
    return ['', `${online ? '*' : ' '} ${who}, ${role}`]
  })
  return [['members', String(members.length)], ...lines]
}

function fact(label: string, text: string | undefined): Fact[] {
  return text === undefined || text === '' ? [] : [[label, text]]
}

const LABEL_CELLS = 14
const MAX_FACT_ROWS = 6

function factRows(label: string, text: string, columns: number): Row[] {
  return wrap(harmlessText(text.slice(0, 1_000)), columns - LABEL_CELLS - 2)
    .slice(0, MAX_FACT_ROWS)
    .map((part, at) => [
      span(` ${at === 0 ? label.padEnd(LABEL_CELLS) : ' '.repeat(LABEL_CELLS)}`, { dim: true }),
      span(part),
    ])
}
