import type { Messenger } from '@mimirjs/messenger'
import { invitationLink } from './invitation.js'
import type { ChatState, KnockView, Me, PersonView } from './state.js'
import { previewOf } from './words.js'

/** Everybody we know, or have heard from, those we talked to last first. */
export async function peopleOf(messenger: Messenger): Promise<PersonView[]> {
  const summaries = await messenger.conversations()
  return summaries
    .filter(({ contact, last }) => contact.kind === 'contact' || contact.kind === 'blocked' || last !== undefined)
    .map(({ contact, unread, last }) => ({
      peer: contact.peer,
      name: contact.name || contact.nickname || contact.peer.slice(0, 8),
      unread,
      preview: last === undefined ? '' : previewOf({ file: undefined, ...last }),
      lastAt: last?.sentAt,
      isBlocked: contact.kind === 'blocked',
    }))
}

/** @param pageUrl - where others open this page, without `#` */
export async function meOf(messenger: Messenger, pageUrl: string): Promise<Me> {
  const { rendezvous } = await messenger.health()
  const name = decodeURIComponent((messenger.link.split('/').at(-1) ?? '').replaceAll('+', ' '))
  return {
    name,
    publicKey: messenger.publicKey,
    fingerprint: rendezvous?.fingerprint ?? '',
    link: invitationLink(pageUrl, rendezvous?.contact ?? '', name),
  }
}

export async function serversOf(messenger: Messenger): Promise<Pick<ChatState, 'servers' | 'clockOffsetMs'>> {
  const { rendezvous } = await messenger.health()
  const servers = (rendezvous?.servers ?? []).map(({ url, state, reason }) => ({ url, state, reason }))
  return { servers, clockOffsetMs: rendezvous?.clockOffsetMs }
}

export function knocksOf(messenger: Messenger): KnockView[] {
  return messenger.knocks().map((knock) => ({ ...knock, name: knock.name ?? '' }))
}
