import { loadKeyFile } from '@mimirjs/crypto/keyfile'
import { Messenger, type MessengerOptions, type RendezvousOptions } from '@mimirjs/messenger'
import { Transports } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import type { Context } from './context.js'
import { CliError } from './error.js'
import { makeFolder } from './folder.js'
import { harmlessLine } from './harmless.js'
import { keyFile } from './home.js'
import { reportPeers } from './overlay.js'
import { badKey, type PersonText } from './person.js'

/** Which of those who are not looked for by name may come through rendezvous, and whether contacts are looked for. */
export type Company = Pick<RendezvousOptions, 'strangers' | 'meetContacts'>

/** A command that has one thing to do is there for nobody else. */
const ALONE: Company = { strangers: 'refuse', meetContacts: false }

/** How a command meets people, as a part of the options of a messenger; nothing without `--rendezvous`. */
export function meeting(
  { rendezvous: servers, iceServers, relayOnly }: Pick<Context, 'rendezvous' | 'iceServers' | 'relayOnly'>,
  company: Company,
): Pick<MessengerOptions, 'rendezvous'> {
  return servers.length === 0 ? {} : { rendezvous: { servers, iceServers, relayOnly, ...company } }
}

/** The messenger of the home folder, which is made on first use, on the networks that the command line names. */
export async function openQuietly(context: Context, options: MessengerOptions = {}): Promise<Messenger> {
  const { multicast } = context
  makeFolder(context.home)
  return await Messenger.open(context.home, {
    trackers: context.trackers,
    mediators: context.mediators,
    generation: context.generation,
    logger: context.logger,
    ...(context.peers.length > 0 ? { overlay: { peers: context.peers } } : {}),
    ...(multicast === undefined ? {} : { multicast }),
    ...meeting(context, ALONE),
    ...options,
  })
}

/** The same for a command that says on standard error what becomes of it. */
export async function openMessenger(context: Context, options: MessengerOptions = {}): Promise<Messenger> {
  const messenger = await openQuietly(context, options)
  messenger.on('error', (error) => context.output.warn(error))
  await reportPeers(
    messenger,
    (error) => context.output.warn(error),
    (text) => context.output.status(text),
  )
  warnOfReadableKey(context)
  return messenger
}

/** The same for a command that only looks at what is here: there is no network that it could talk to anybody on. */
export function openOffline(context: Context, options: MessengerOptions = {}): Promise<Messenger> {
  const nowhere = { ...context, peers: [], trackers: [], mediators: [], rendezvous: [], multicast: undefined }
  return openMessenger(nowhere, { transports: new Transports([]), ...options })
}

export function warnOfReadableKey(context: Context): void {
  const path = keyFile(context.home)
  if (loadKeyFile(path).readableByOthers)
    context.output.warn(
      new CliError('readable-key', `other users of this machine can read your key: chmod 600 ${path}`),
    )
}

/**
 * The public key of a person. Only names that we gave count: what people call themselves proves nothing.
 * @throws {CliError} `bad-key`
 */
export async function lookUp(messenger: Messenger, person: PersonText): Promise<Uint8Array | string> {
  if ('publicKey' in person) return person.publicKey
  const wanted = person.contactName.toLowerCase()
  const found = (await messenger.contacts()).filter(
    ({ kind, name }) => kind === 'contact' && name.toLowerCase() === wanted,
  )
  if (found.length > 1)
    throw new CliError(
      'bad-key',
      `${found.length} contacts are called '${harmlessLine(person.contactName)}': use the key`,
    )
  const [contact] = found
  if (contact) return contact.peer
  throw badKey(person.contactName, 'expected a public key of 64 hex digits, a contact link, or the name of a contact')
}

/** The public key as text, whatever form it came in. */
export function peerText(publicKey: Uint8Array | string): string {
  return typeof publicKey === 'string' ? publicKey : toHex(publicKey)
}
