import { isCryptoError } from '@mimirjs/crypto'
import { importRsaPrivateKey, normaliseRsaPublicPem, type RsaPrivateKey } from '@mimirjs/crypto/rsa'
import { RendezvousError } from '../error.js'

/** Longer than any history that a page of pim could keep: browsers give it 5 MiB. */
const MAX_TEXT_LENGTH = 16_777_216

/** A message of a history. */
export interface PimMessage {
  readonly text: string
  /** Whether the other side wrote it. */
  readonly isIncoming: boolean
  /** In ms since 1970. */
  readonly timeMs: number
}

/** Somebody whom the account knows. */
export interface PimPeer {
  /** Their public key in the normal form. */
  readonly pem: string
  /** The name that they gave themselves. */
  readonly name: string | undefined
  /** In the order of the page: the oldest first. */
  readonly history: readonly PimMessage[]
}

/** What a page of pim keeps in `localStorage` under `pim_account`. rendezvous protocol A11 */
export interface PimAccount {
  readonly key: RsaPrivateKey
  /** One's own name. */
  readonly name: string | undefined
  readonly peers: readonly PimPeer[]
}

/**
 * Take over an account of the original, when the user asks for it. People whose key is none, and messages that are
 * none, are left out.
 * @param text - the value of the item `pim_account`
 * @throws {RendezvousError} `bad-state` for anything that holds no account
 */
export function readPimAccount(text: string): PimAccount {
  const value = text.length <= MAX_TEXT_LENGTH ? parse(text) : undefined
  if (!isObject(value) || typeof value.private_pem !== 'string')
    throw new RendezvousError('bad-state', 'expected the text of a pim account, with a private key in it')
  const key = readKey(value.private_pem)
  if (typeof value.public_pem === 'string' && normaliseRsaPublicPem(value.public_pem) !== key.publicKey.pem)
    throw new RendezvousError('bad-state', 'expected a pim account whose two keys belong together')
  const peers = isObject(value.peers) ? Object.entries(value.peers) : []
  return { key, name: nameOf(value.shared), peers: peers.flatMap(([pem, peer]) => readPeer(pem, peer)) }
}

/**
 * The text that a page of pim takes as `pim_account`. It holds the private key, unencrypted: make it only when the user
 * asks for it, and keep it nowhere.
 */
export function writePimAccount({ key, name, peers }: PimAccount): string {
  const entries = peers.map(({ pem, name, history }) => {
    const messages = history.map(({ text, isIncoming, timeMs }) => ({ text, incoming: isIncoming, time: timeMs }))
    return [pem, { shared: sharedOf(name), history: messages }] as const
  })
  return JSON.stringify({
    shared: sharedOf(name),
    peers: Object.fromEntries(entries),
    public_pem: key.publicKey.pem,
    private_pem: key.exportPem(),
  })
}

function readKey(pem: string): RsaPrivateKey {
  try {
    return importRsaPrivateKey(pem)
  } catch (cause) {
    if (!isCryptoError(cause)) throw cause
    throw new RendezvousError('bad-state', 'expected a pim account with a private key of 1024 to 8192 bits', { cause })
  }
}

/** The first versions kept the profile alone, without a history. */
function readPeer(text: string, value: unknown): PimPeer[] {
  const pem = normaliseRsaPublicPem(text)
  if (pem === undefined || !isObject(value)) return []
  const isOld = value.shared === undefined && value.history === undefined
  const history = Array.isArray(value.history) ? value.history.flatMap(readMessage) : []
  return [{ pem, name: nameOf(isOld ? value : value.shared), history }]
}

function readMessage(value: unknown): PimMessage[] {
  if (!isObject(value)) return []
  const { text, incoming, time } = value
  if (typeof text !== 'string' || typeof incoming !== 'boolean' || !Number.isSafeInteger(time)) return []
  return [{ text, isIncoming: incoming, timeMs: time as number }]
}

function sharedOf(name: string | undefined): object {
  return name === undefined ? {} : { name }
}

function nameOf(shared: unknown): string | undefined {
  return isObject(shared) && typeof shared.name === 'string' ? shared.name : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
