import { publicKeyFromSeed } from '@mimirjs/crypto'
import { loadOrCreateKeyFile } from '@mimirjs/crypto/keyfile'
import type { Messenger } from '@mimirjs/messenger'
import { generateNodeSeed, Yggdrasil, type YggdrasilOptions } from '@mimirjs/yggdrasil'
import type { Context } from './context.js'
import { CliError } from './error.js'
import { describeFailure } from './failure.js'

/** Ports of the services on the overlay. Source: current protocol §2.2. */
export const TRACKER_PORT = 69
export const MEDIATOR_PORT = 42

/** A node for one command; what becomes of its peers is told. */
export async function openNode(context: Context, options: YggdrasilOptions = {}): Promise<Yggdrasil> {
  const node = await Yggdrasil.start({ peers: context.peers, logger: context.logger, ...options })
  const returns = watchReturns((text) => context.output.status(text))
  node.on('peerRetry', ({ uri, error: cause, retryInMs }) => {
    returns.lost(uri)
    const what = retryInMs === undefined ? GIVEN_UP : TRIED_AGAIN
    context.output.warn(
      new CliError('no-peer', `${peerReason(uri, describeFailure(cause).message)}; ${what}`, { cause }),
    )
  })
  node.on('peerUp', ({ uri, incoming }) => {
    if (!incoming) returns.up(uri)
  })
  node.on('peerDown', ({ uri, incoming }) => {
    if (!incoming) returns.down(uri)
  })
  node.on('error', ({ error }) => context.output.warn(error))
  return node
}

/**
 * For a node that is there for moments only. The lowest key is the root of the tree: in a small network a key of the
 * lower half would often be it, and everybody would have to find another root when the command ends.
 */
export function passingSeed(): Uint8Array {
  for (;;) {
    const seed = generateNodeSeed()
    if ((publicKeyFromSeed(seed)[0] ?? 0) >= 0x80) return seed
  }
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

/**
 * Say which nodes the messenger's own does not reach, from now on and since its start: without one, nobody is reached.
 * @param tellBack - takes a line about one that is reached after all
 */
export async function reportPeers(
  messenger: Messenger,
  tell: (error: CliError) => void,
  tellBack: (text: string) => void = () => {},
): Promise<void> {
  const returns = watchReturns(tellBack)
  const report = (uri: string, reason: string, what: string): void => {
    returns.lost(uri)
    tell(new CliError('no-peer', `${peerReason(uri, reason)}; ${what}`))
  }
  messenger.on('overlay', (event) => {
    if (event.state === 'waiting') report(event.uri, event.reason, TRIED_AGAIN)
    else if (event.state === 'stopped') report(event.uri, event.reason, GIVEN_UP)
    else if (!event.incoming) returns[event.state](event.uri)
  })
  const { overlay } = await messenger.health()
  for (const { uri, reason } of overlay?.notReached ?? []) report(uri, reason, TRIED_AGAIN)
}

/** Why a peer is not reached, with its URI. */
export function peerReason(uri: string, reason: string): string {
  return reason.includes(uri) ? reason : `${uri}: ${reason}`
}

interface Returns {
  /** It is not reached, which was told. */
  lost(uri: string): void
  up(uri: string): void
  down(uri: string): void
}

/** One line for each peer that is reached after it was told that it was not. */
function watchReturns(tell: (text: string) => void): Returns {
  const wasUp = new Set<string>()
  const lost = new Set<string>()
  return {
    lost: (uri) => lost.add(uri),
    up: (uri) => {
      if (lost.delete(uri)) tell(`connected ${wasUp.has(uri) ? 'again ' : ''}to ${uri}`)
    },
    // It may have come up before anybody watched.
    down: (uri) => wasUp.add(uri),
  }
}

const TRIED_AGAIN = 'we go on trying'
const GIVEN_UP = 'this peer is given up'
