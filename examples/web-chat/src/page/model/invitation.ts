import type { Candidate } from './state.js'

const HEX_KEY = /\b[0-9a-f]{64}\b/i
const CONTACT_LINK = /mimir:\/\/\S*\b[0-9a-f]{64}\b\S*/i
/** A key in base64url, and where they can be met. */
const RENDEZVOUS = /rdv1:([\w-]{43})(?![\w-])(?:\?[^\s#]*)?/
const ADDRESS = /\bwss?:\/\/[^\s]+/i
/** Longer names are cut: they are only a label. */
const MAX_NAME_CHARACTERS = 64
/** One in common is enough, and each of them makes our own link longer. */
const MAX_SERVERS = 3
const MAX_SERVER_CHARACTERS = 200

/** The link that brings others to this page and to us: what follows `#` never leaves the browser. */
export function invitationLink(page: string, contact: string, name: string): string {
  const separator = contact.includes('?') ? '&' : '?'
  const named = name === '' ? contact : `${contact}${separator}n=${encodeURIComponent(name)}`
  return `${page}#${named}`
}

/**
 * Whom a pasted text names: a link of this page, an `rdv1:` string, a `mimir://` link or 64 hex digits, with or without a
 * `ws://` address somewhere beside it. The messenger checks the key itself.
 */
export function readInvitation(text: string): Candidate | undefined {
  const address = ADDRESS.exec(text.replace(RENDEZVOUS, ''))?.[0]
  const [contact, key] = RENDEZVOUS.exec(text) ?? []
  if (contact !== undefined && key !== undefined) {
    const parameters = new URLSearchParams(contact.split('?')[1] ?? '')
    return {
      person: contact,
      peer: hexOf(key),
      name: tidy(parameters.get('n') ?? ''),
      servers: parameters
        .getAll('s')
        .filter((url) => url.length <= MAX_SERVER_CHARACTERS)
        .slice(0, MAX_SERVERS),
      address,
    }
  }
  const person = CONTACT_LINK.exec(text)?.[0] ?? HEX_KEY.exec(text)?.[0]
  const peer = person && HEX_KEY.exec(person)?.[0].toLowerCase()
  return person && peer ? { person, peer, name: '', servers: [], address } : undefined
}

function hexOf(base64url: string): string {
  const bytes = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))
  return [...bytes].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('')
}

function tidy(name: string): string {
  return [...name.replace(/[\p{Cc}\p{Cf}]/gu, '').trim()].slice(0, MAX_NAME_CHARACTERS).join('')
}
