import { randomBytes } from '@mimirjs/crypto'
import { type Clock, type Logger, steadyClock } from '@mimirjs/transport'
import {
  formatGroup,
  generateIpv4Group,
  generateIpv6Group,
  generatePrefixGroup,
  isAcceptableGroup,
  isAcceptablePort,
  parseGroup,
  type RandomBytes,
} from '../address/index.js'
import { describe } from '../describe.js'
import { MulticastError } from '../error.js'
import { limitsOf, type MulticastLimits } from '../limits.js'
import type { MachineMode, PolicyAnswer } from '../machine/index.js'
import { type StreamLimits, streamLimitsOf } from '../stream/limits.js'
import type { MulticastNodeOptions, PeerPolicy } from './options.js'

/** Options that were checked, with nothing left out. */
export interface Settings {
  readonly group: Uint8Array
  readonly port: number
  readonly interface: string | undefined
  readonly mode: MachineMode
  readonly policy: PeerPolicy | undefined
  readonly limits: MulticastLimits
  readonly streamLimits: StreamLimits
  readonly extraScopes: boolean
  readonly joinDelayMs: number
  readonly unitMs: number
  readonly attempts: number
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  readonly logger: Logger | undefined
}

const NAMES: Readonly<Record<keyof MulticastNodeOptions, true>> = {
  signer: true,
  network: true,
  group: true,
  port: true,
  interface: true,
  mode: true,
  policy: true,
  limits: true,
  streamLimits: true,
  extraScopes: true,
  joinDelayMs: true,
  unitMs: true,
  attempts: true,
  reuseAddress: true,
  hopLimit: true,
  clock: true,
  randomBytes: true,
  logger: true,
  signal: true,
}

/** What may be given; a test holds the README to it. */
export const OPTION_NAMES: readonly string[] = Object.keys(NAMES)

/** @throws {MulticastError} `misuse` | `bad-key` | `bad-address` | `bad-interface` */
export function settingsOf(options: MulticastNodeOptions): Settings {
  checkNames(options)
  const { signer, port = 1024, mode = 'hardened', extraScopes = false } = options
  if (!(signer.publicKey instanceof Uint8Array) || signer.publicKey.length !== 32) {
    throw new MulticastError('bad-key', 'signer: expected one whose publicKey has 32 bytes, as createSigner makes')
  }
  if (port !== 0 && !isAcceptablePort(port)) {
    throw new MulticastError('bad-address', `port: expected 1024 to 65535, or 0 for any, got ${port}`)
  }
  if (mode !== 'hardened' && mode !== 'original') {
    throw new MulticastError('misuse', `mode: expected 'hardened' or 'original', got ${JSON.stringify(mode)}`)
  }
  const random = options.randomBytes ?? randomBytes
  return {
    ...groupOf(options, extraScopes, random),
    port,
    mode,
    policy: policyOf(options.policy),
    limits: limitsOf(options.limits),
    streamLimits: streamLimitsOf(options.streamLimits),
    extraScopes,
    joinDelayMs: atLeast('joinDelayMs', options.joinDelayMs ?? 1000, 0),
    unitMs: atLeast('unitMs', options.unitMs ?? 1000, 1),
    attempts: atLeast('attempts', options.attempts ?? 20, 1),
    clock: options.clock ?? steadyClock,
    randomBytes: random,
    logger: options.logger,
  }
}

/** The group to listen on, and the interface: a prefix-based group takes the one whose prefix it carries. */
function groupOf(
  { group = 'ipv6', interface: wanted, network }: MulticastNodeOptions,
  extraScopes: boolean,
  random: RandomBytes,
): { group: Uint8Array; interface: string | undefined } {
  if (group instanceof Uint8Array) {
    if (isAcceptableGroup(group, { extraScopes })) return { group: group.slice(), interface: wanted }
    const shown = group.length === 16 ? formatGroup(group) : `${group.length} bytes`
    throw new MulticastError(
      'bad-address',
      `group: expected a group of multicast protocol §2.4 as 16 bytes, got ${shown}`,
    )
  }
  if (group === 'ipv6') return { group: generateIpv6Group(random), interface: wanted }
  if (group === 'ipv4') return { group: generateIpv4Group(random), interface: wanted }
  if (group !== 'prefix6') return { group: parseGroup(group, { extraScopes }), interface: wanted }
  const { name, cidr } = network.prefixInterface(wanted)
  const made = generatePrefixGroup(cidr, random)
  if (made !== undefined) return { group: made, interface: name }
  throw new MulticastError('bad-interface', `interface ${name}: no group can be made of the network ${cidr}`)
}

function policyOf(policy: MulticastNodeOptions['policy']): PeerPolicy | undefined {
  if (policy === undefined || typeof policy === 'function') return policy
  const answers: Readonly<Record<string, PolicyAnswer>> = { known: 'ask', anybody: 'accept' }
  const answer = Object.hasOwn(answers, policy) ? answers[policy] : undefined
  if (answer !== undefined) return () => answer
  throw new MulticastError('misuse', `policy: expected 'known', 'anybody' or a function, got ${JSON.stringify(policy)}`)
}

const NEEDED = 'expected signer and network, as in { signer: createSigner(seed), network: multicastUdp() }'

/** A misspelt option must not pass for one that was left out. */
function checkNames(options: MulticastNodeOptions): void {
  // Whoever writes JavaScript may give nothing at all.
  if (typeof options !== 'object' || options === null) {
    throw new MulticastError('misuse', `options: ${NEEDED}, got ${describe(options)}`)
  }
  const names = OPTION_NAMES.join(', ')
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(NAMES, name)) continue
    throw new MulticastError('misuse', `options: expected only ${names}; got ${JSON.stringify(name.slice(0, 40))}`)
  }
  const { signer, network, group, interface: wanted } = options
  if (signer === undefined || network === undefined) throw new MulticastError('misuse', `options: ${NEEDED}`)
  if (typeof signer?.sign !== 'function') {
    throw new MulticastError('misuse', `signer: expected one, as createSigner makes, got ${describe(signer)}`)
  }
  if (typeof network?.open !== 'function' || typeof network.prefixInterface !== 'function') {
    throw new MulticastError('misuse', `network: expected one, as multicastUdp() makes, got ${describe(network)}`)
  }
  if (group !== undefined && typeof group !== 'string' && !(group instanceof Uint8Array)) {
    throw new MulticastError('misuse', `group: expected a text or 16 bytes, got ${describe(group)}`)
  }
  if (wanted !== undefined && typeof wanted !== 'string') {
    throw new MulticastError('misuse', `interface: expected a name or an address, got ${describe(wanted)}`)
  }
}

function atLeast(name: string, value: number, least: number): number {
  if (Number.isFinite(value) && value >= least) return value
  throw new MulticastError('misuse', `${name}: expected a number from ${least} on, got ${value}`)
}
