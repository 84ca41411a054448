import { createSigner, generateSeed, randomBytes, type SeedSigner } from '@mimirjs/crypto'
import { type Clock, type Logger, steadyClock, wallClock } from '@mimirjs/transport'
import { YggdrasilError } from '../error.js'
import { parseKey } from '../key.js'
import { completeLimits, type YggdrasilLimits } from '../limits.js'
import type { LinkDriver } from '../links/types.js'
import { parsePeerUri } from '../links/uri.js'
import type { YggdrasilOptions } from './types.js'

const SEED_BYTES = 32

/** Options that were checked, with nothing left out. */
export interface Settings {
  readonly seed: Uint8Array
  readonly signer: SeedSigner
  readonly peers: readonly string[]
  readonly listen: readonly string[]
  readonly transit: boolean
  readonly allowedKeys: readonly Uint8Array[]
  readonly nodeInfo: object | undefined
  readonly limits: YggdrasilLimits
  readonly clock: Clock
  readonly wallMs: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly logger: Logger | undefined
  readonly drivers: readonly LinkDriver[]
}

/** Makes the ways of linking that a runtime has. */
export type DefaultDrivers = (settings: Pick<Settings, 'seed' | 'clock' | 'limits'>) => LinkDriver[]

const NAMES: Readonly<Record<keyof YggdrasilOptions, true>> = {
  seed: true,
  peers: true,
  listen: true,
  transit: true,
  allowedKeys: true,
  nodeInfo: true,
  limits: true,
  clock: true,
  wallMs: true,
  logger: true,
  drivers: true,
}

/**
 * @param defaultDrivers - of the runtime
 * @throws {YggdrasilError} `misuse` | `bad-key` | `bad-uri`
 */
export function settingsOf(options: YggdrasilOptions, defaultDrivers: DefaultDrivers): Settings {
  checkShape(options)
  const { peers = [], listen = [], clock = steadyClock, nodeInfo = false } = options
  for (const uri of peers) parsePeerUri(uri, 'dial')
  for (const uri of listen) parsePeerUri(uri, 'listen')
  const transit = options.transit ?? listen.length > 0
  if (!transit && listen.length > 0) {
    const text = 'transit: false, but listen is given: a node that others connect to has to forward for them'
    throw new YggdrasilError('misuse', text)
  }
  const seed = options.seed === undefined ? generateNodeSeed() : checkedSeed(options.seed)
  const limits = completeLimits(options.limits)
  return {
    seed,
    signer: createSigner(seed),
    peers,
    listen,
    transit,
    allowedKeys: (options.allowedKeys ?? []).map(parseKey),
    nodeInfo: nodeInfo === false ? undefined : nodeInfo,
    limits,
    clock,
    wallMs: options.wallMs ?? (() => wallClock.nowMs()),
    random: randomBytes,
    logger: options.logger,
    drivers: options.drivers ?? defaultDrivers({ seed, clock, limits }),
  }
}

/** A misspelt `peers` must not pass for a node without any. */
function checkShape(options: YggdrasilOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new YggdrasilError('misuse', "options: expected an object, as in { peers: ['tls://host:port'] }")
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(NAMES, name)) continue
    const shown = JSON.stringify(name.slice(0, 40))
    throw new YggdrasilError('misuse', `options: expected only ${Object.keys(NAMES).join(', ')}; got ${shown}`)
  }
  const { peers, listen, allowedKeys } = options
  checkList('peers', peers, "URIs, as in ['tls://host:port']", isText)
  checkList('listen', listen, "URIs, as in ['tcp://0.0.0.0:0']", isText)
  // What is in it is checked when it is read.
  checkList('allowedKeys', allowedKeys, 'public keys', () => true)
}

function checkList(name: string, value: unknown, what: string, isItem: (item: unknown) => boolean): void {
  if (value === undefined || (Array.isArray(value) && value.every(isItem))) return
  // Not what it is: a URI has a password.
  const got = Array.isArray(value) ? 'one with something else in it' : value === null ? 'null' : `a ${typeof value}`
  throw new YggdrasilError('misuse', `${name}: expected an array of ${what}; got ${got}`)
}

function isText(item: unknown): boolean {
  return typeof item === 'string'
}

function checkedSeed(seed: Uint8Array): Uint8Array {
  if (seed instanceof Uint8Array && seed.length === SEED_BYTES) return seed.slice()
  throw new YggdrasilError('bad-key', `seed: expected a Uint8Array of ${SEED_BYTES} bytes`)
}

/**
 * A fresh seed for a node, 32 bytes, secret, whose public key does not begin with a zero byte: the lowest key is the root
 * of the tree for everybody, and everybody has to find another one when it leaves. Source: yggdrasil protocol §1.2.
 */
export function generateNodeSeed(): Uint8Array {
  for (;;) {
    const seed = generateSeed()
    if (createSigner(seed).publicKey[0] !== 0) return seed
  }
}
