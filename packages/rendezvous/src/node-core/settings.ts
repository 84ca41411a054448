import { randomBytes } from '@mimirjs/crypto'
import { type Clock, type Logger, steadyClock, wallClock } from '@mimirjs/transport'
import { RendezvousError } from '../error.js'
import { limitsOf, type RendezvousLimits } from '../limits.js'
import type { PolicyAnswer } from '../machine/index.js'
import type { PeerConnectionConfig } from '../rtc/types.js'
import type { RendezvousNodeOptions } from './options.js'

/** Options that were checked, with nothing left out. */
export interface Settings {
  readonly servers: readonly string[]
  readonly config: PeerConnectionConfig
  readonly policy: (publicKey: Uint8Array) => PolicyAnswer
  readonly limits: RendezvousLimits
  /** For spans, and for all waiting. */
  readonly clock: Clock
  /** For dates. */
  readonly wall: Pick<Clock, 'nowMs'>
  readonly randomBytes: (sizeBytes: number) => Uint8Array
  readonly logger: Logger | undefined
}

const NAMES: Readonly<Record<keyof RendezvousNodeOptions, true>> = {
  signer: true,
  platform: true,
  servers: true,
  iceServers: true,
  relayOnly: true,
  name: true,
  policy: true,
  state: true,
  limits: true,
  clock: true,
  randomBytes: true,
  logger: true,
}

/** What may be given; a test holds the README to it. */
export const OPTION_NAMES: readonly string[] = Object.keys(NAMES)

const NEEDED = 'expected signer and platform, as in { signer: createSigner(seed), platform: nodePlatform() }'

/** @throws {RendezvousError} `misuse` | `bad-key` */
export function settingsOf(options: RendezvousNodeOptions): Settings {
  checkNames(options)
  const { signer, iceServers = [], relayOnly = false, policy = () => 'ask', servers = [] } = options
  if (!(signer.publicKey instanceof Uint8Array) || signer.publicKey.length !== 32)
    throw new RendezvousError('bad-key', 'signer: expected one whose publicKey has 32 bytes, as createSigner makes')
  if (typeof policy !== 'function')
    throw new RendezvousError('misuse', `policy: expected a function, got ${JSON.stringify(policy)}`)
  return {
    servers,
    config: { iceServers: [...iceServers], iceTransportPolicy: relayOnly ? 'relay' : 'all' },
    policy,
    limits: limitsOf(options.limits),
    // What is waited for must not change when somebody sets the system's clock.
    clock: options.clock ?? steadyClock,
    wall: options.clock ?? wallClock,
    randomBytes: options.randomBytes ?? randomBytes,
    logger: options.logger,
  }
}

/** A misspelt option must not pass for one that was left out. */
function checkNames(options: RendezvousNodeOptions): void {
  // Whoever writes JavaScript may give nothing at all.
  if (typeof options !== 'object' || options === null) throw new RendezvousError('misuse', `options: ${NEEDED}`)
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(NAMES, name)) continue
    const expected = OPTION_NAMES.join(', ')
    throw new RendezvousError('misuse', `options: expected only ${expected}; got ${JSON.stringify(name.slice(0, 40))}`)
  }
  const { signer, platform } = options
  if (typeof signer?.sign !== 'function' || typeof platform?.createPeerConnection !== 'function')
    throw new RendezvousError('misuse', `options: ${NEEDED}`)
}
