import { WireError } from '../error.js'
import { fromHex, toHex } from '../hex.js'

/** Longest name in a link, in characters (code points). Source: peer protocol section 13. */
export const MAX_LINK_NAME_CHARACTERS = 256
const KEY_BYTES = 32
/** Behind `mimir://g` anything but the path of a contact is a chat id. Source: current protocol §18. */
const GROUP_PATH = /^\/(?!u(?:\/|$))./
const WEB_HOSTS: readonly string[] = ['go.mimir.im', 'mimir-app.net', 'mm.yggdrasil.link']

export interface ContactLink {
  /** 32-byte identity key. */
  readonly publicKey: Uint8Array
  /** What the owner calls itself, may be empty. */
  readonly name: string
}

export interface ParseContactLinkOptions {
  /** Whether 32 bytes are a point of the curve, from `@mimirjs/crypto`. Without it every 32 bytes are taken as a key. */
  readonly isPoint?: (publicKey: Uint8Array) => boolean
}

/**
 * Read a contact link: `mimir://<any host>/u/<key>/<name>`, the same path under `http(s)` on a host of the originals, or
 * the form of before 2023, `mimir://<key>#<name>`. The name is decoded once, loses its control characters and is cut to
 * {@link MAX_LINK_NAME_CHARACTERS}. Source: peer protocol section 13.
 * @throws {WireError} `link-scheme`, `link-host`, `link-kind`, `link-key` or `link-name`: the part that is wrong;
 * `link-group` for `mimir://g/<id>`, which programs show for a group but which holds nothing to join it with.
 */
export function parseContactLink(text: string, options?: ParseContactLinkOptions): ContactLink {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?[^#]*)?(?:#(.*))?$/is.exec(text)
  const scheme = parts?.[1]?.toLowerCase()
  const host = parts?.[2]?.toLowerCase() ?? ''
  const path = parts?.[3] ?? ''
  if (scheme === 'mimir') {
    if (isKey(host) && (path === '' || path === '/')) return contact(host, parts?.[4] ?? '', options)
    if (host === 'g' && GROUP_PATH.test(path)) {
      throw new WireError('link-group', 'group link: nobody can join a group by a link, ask a member for an invite')
    }
  } else if (scheme !== 'http' && scheme !== 'https') {
    throw new WireError('link-scheme', 'contact link: expected one that starts with mimir://, https:// or http://')
  } else if (!WEB_HOSTS.includes(host)) {
    throw new WireError('link-host', `contact link: expected one of the hosts ${WEB_HOSTS.join(', ')}`)
  }
  const [before, kind, key, name = '', ...rest] = path.split('/')
  if (before !== '' || kind !== 'u') throw new WireError('link-kind', 'contact link: expected a path /u/<key>/<name>')
  if (key === undefined || !isKey(key)) {
    throw new WireError('link-key', `contact link: expected a key of 64 hex digits, got ${key?.length ?? 0} characters`)
  }
  if (rest.length > 1 || (rest.length === 1 && rest[0] !== '')) {
    throw new WireError('link-name', 'contact link: expected nothing behind the name; a slash in it is written %2F')
  }
  return contact(key, name, options)
}

/**
 * The link that is put into QR codes and shared: `mimir://mm/u/<lower-case key>/<name>`.
 * @throws {WireError} `link-key` unless the key has 32 bytes; `link-name` for a name that {@link parseContactLink} would
 * change: too long, with control characters, or not well-formed.
 */
export function formatContactLink({ publicKey, name }: ContactLink): string {
  if (publicKey.length !== KEY_BYTES) {
    throw new WireError('link-key', `contact link: expected a key of ${KEY_BYTES} bytes, got ${publicKey.length}`)
  }
  const encoded = formEncode(name)
  if (encoded === undefined || tidy(name) !== name) {
    throw new WireError(
      'link-name',
      `contact link: expected a name of at most ${MAX_LINK_NAME_CHARACTERS} characters, none of them a control character`,
    )
  }
  return `mimir://mm/u/${toHex(publicKey)}/${encoded}`
}

function contact(key: string, rawName: string, options: ParseContactLinkOptions | undefined): ContactLink {
  const publicKey = fromHex(key)
  if (options?.isPoint !== undefined && !options.isPoint(publicKey)) {
    throw new WireError('link-key', 'contact link: the key is not a point of the curve')
  }
  return { publicKey, name: tidy(formDecode(rawName)) }
}

function isKey(text: string): boolean {
  return /^[0-9a-f]{64}$/i.test(text)
}

function tidy(name: string): string {
  const characters = [...name.replaceAll(/\p{Cc}/gu, '')]
  return characters.length <= MAX_LINK_NAME_CHARACTERS
    ? characters.join('')
    : characters.slice(0, MAX_LINK_NAME_CHARACTERS).join('')
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (cause) {
    throw new WireError('link-name', 'contact link: expected a name in form encoding of UTF-8', { cause })
  }
}

function formEncode(name: string): string | undefined {
  try {
    return encodeURIComponent(name)
      .replaceAll('%20', '+')
      .replaceAll(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  } catch {
    return undefined
  }
}
