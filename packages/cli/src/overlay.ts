import { loadOrCreateKeyFile } from '@mimirjs/crypto/keyfile'
import type { Messenger } from '@mimirjs/messenger'
import { generateNodeSeed, Yggdrasil, type YggdrasilOptions } from '@mimirjs/yggdrasil'
import type { Context } from './context.js'
import { CliError } from './error.js'

/** Ports of the services on the overlay. Source: current protocol §2.2. */
export const TRACKER_PORT = 69
export const MEDIATOR_PORT = 42

/** A node for one command; what becomes of its peers is told. */
export async function openNode(context: Context, options: YggdrasilOptions = {}): Promise<Yggdrasil> {
  const node = await Yggdrasil.start({ peers: context.peers, logger: context.logger, ...options })
  node.on('peerRetry', ({ error }) => context.output.warn(error))
  node.on('error', ({ error }) => context.output.warn(error))
  return node
}

/** The key in this file, made if it is not there. */
export function loadNodeSeed(context: Context, path: string): Uint8Array {
  const { seed, readableByOthers } = loadOrCreateKeyFile(path, generateNodeSeed)
  if (readableByOthers)
    context.output.warn(
      new CliError('readable-key', `other users of this machine can read the key of the node: chmod 600 ${path}`),
    )
  return seed
}

/** Say which nodes the messenger's own does not reach, from now on and since its start: without one, nobody is reached. */
export async function reportPeers(messenger: Messenger, tell: (error: CliError) => void): Promise<void> {
  const report = (uri: string, reason: string, what: string): void => {
    const why = reason.includes(uri) ? reason : `${uri}: ${reason}`
    tell(new CliError('no-peer', `${why}; ${what}`))
  }
  messenger.on('overlay', (event) => {
    if (event.state === 'waiting') report(event.uri, event.reason, TRIED_AGAIN)
    else if (event.state === 'stopped') report(event.uri, event.reason, 'this peer is given up')
  })
  const { overlay } = await messenger.health()
  for (const { uri, reason } of overlay?.notReached ?? []) report(uri, reason, TRIED_AGAIN)
}

const TRIED_AGAIN = 'we go on trying'
