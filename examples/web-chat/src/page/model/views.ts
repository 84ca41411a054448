import type { ConversationSummary, HistoryEntry, Messenger } from '@mimirjs/messenger'
import { invitationLink } from './invitation.js'
import type { ChatState, KnockView, Me, PersonView } from './state.js'
import { previewOf } from './words.js'

type Last = NonNullable<ConversationSummary['last']>

/** Everybody we know, or have heard from, those we talked to last first. */
export async function peopleOf(messenger: Messenger): Promise<PersonView[]> {
  const [conversations, contacts] = await Promise.all([messenger.conversations(), messenger.contacts()])
  const known = conversations.filter(({ contact, last }) => contact.kind === 'contact' || last !== undefined)
  const listed = new Set(known.map(({ contact }) => contact.peer))
  // With nothing said these are in no conversation, and could never be let in again.
  const silent = contacts.filter(({ kind, peer }) => kind === 'blocked' && !listed.has(peer))
  return Promise.all(
    [...known, ...silent.map((contact) => ({ contact, unread: 0, last: undefined }))].map(
      async ({ contact, unread, last }) => ({
        peer: contact.peer,
        name: contact.name || contact.nickname || contact.peer.slice(0, 8),
        unread,
        preview: last === undefined ? '' : previewOf({ ...last, file: await fileOf(messenger, last) }),
        lastAt: last?.sentAt,
        isBlocked: contact.kind === 'blocked',
      }),
    ),
  )
}

/** Of the last message, where its name is all there is to show. */
async function fileOf(messenger: Messenger, { peer, kind, text }: Last): Promise<HistoryEntry['file']> {
  if (text !== '' || (kind !== 'file' && kind !== 'image')) return undefined
  return (await messenger.history(peer, { limit: 1 }))[0]?.file
}

/** @param pageUrl - where others open this page, without `#` */
export async function meOf(messenger: Messenger, pageUrl: string): Promise<Me> {
  const { rendezvous } = await messenger.health()
  const name = decodeURIComponent((messenger.link.split('/').at(-1) ?? '').replaceAll('+', ' '))
  return {
    name,
    publicKey: messenger.publicKey,
    fingerprint: rendezvous?.fingerprint ?? '',
    link: rendezvous && invitationLink(pageUrl, rendezvous.contact, name),
  }
}

export async function serversOf(
  messenger: Messenger,
): Promise<Pick<ChatState, 'servers' | 'clockOffsetMs' | 'serversProblem'>> {
  const { rendezvous, rendezvousProblem } = await messenger.health()
  const servers = (rendezvous?.servers ?? []).map(({ url, state, reason }) => ({ url, state, reason }))
  return { servers, clockOffsetMs: rendezvous?.clockOffsetMs, serversProblem: rendezvousProblem }
}

export function knocksOf(messenger: Messenger): KnockView[] {
  return messenger.knocks().map((knock) => ({ ...knock, name: knock.name ?? '' }))
}
