import { publicKeyFromSeed } from '@mimirjs/crypto'
import { equalBytes } from '@mimirjs/wire'
import { GROUP_BYTES, isAcceptableGroup, isIpv4Group, mapIpv4 } from './address/accept.js'
import { formatGroup } from './address/text.js'
import { MulticastError } from './error.js'

/** Size of the configuration file of the original programs, in bytes. */
export const CONFIG_FILE_BYTES = 84

const IPV4_BYTES = 4
const SEED_BYTES = 32
const IPV6_AT = IPV4_BYTES
const SEED_AT = IPV6_AT + GROUP_BYTES
const KEY_AT = SEED_AT + SEED_BYTES
const ORIGINALS = 'server.conf or client.conf of the original programs'

/** What the original programs keep of themselves (multicast protocol §12). `ipv4 4 | ipv6 16 | seed 32 | public key 32` */
export interface ConfigFile {
  /** 4 bytes; `undefined` in files of versions that could not make one: generate it. */
  readonly ipv4Group: Uint8Array | undefined
  /** 16 bytes. */
  readonly ipv6Group: Uint8Array
  /** Of the Ed25519 identity, 32 bytes, secret. */
  readonly seed: Uint8Array
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
}

/**
 * Read the content of such a file; nothing of the result is a view of `bytes`.
 * @throws {MulticastError} `bad-config` for any other size, for groups that are none, and when the two halves of the key
 *   do not belong together
 */
export function readConfig(bytes: Uint8Array): ConfigFile {
  if (bytes.length !== CONFIG_FILE_BYTES) {
    throw badConfig(`expected ${CONFIG_FILE_BYTES} bytes, a ${ORIGINALS}, got ${bytes.length}`)
  }
  // `slice` of a Buffer, which is what files are read as, would be a view.
  const copy = Uint8Array.from(bytes)
  const ipv4Group = copy.slice(0, IPV4_BYTES)
  const ipv6Group = copy.slice(IPV6_AT, SEED_AT)
  const seed = copy.slice(SEED_AT, KEY_AT)
  const publicKey = publicKeyFromSeed(seed)
  if (!equalBytes(publicKey, bytes.subarray(KEY_AT))) {
    throw badConfig('expected a private key whose second half is the public key of the first; the file is damaged')
  }
  const hasIpv4 = ipv4Group.some((octet) => octet !== 0)
  if (hasIpv4) requireIpv4(ipv4Group)
  requireIpv6(ipv6Group)
  return { ipv4Group: hasIpv4 ? ipv4Group : undefined, ipv6Group, seed, publicKey }
}

/**
 * The content of such a file. It holds a private key: write it for the owner alone (mode 0600).
 * @throws {MulticastError} `bad-config` for parts that {@link readConfig} would refuse
 */
export function writeConfig({ ipv4Group, ipv6Group, seed }: Omit<ConfigFile, 'publicKey'>): Uint8Array {
  if (seed.length !== SEED_BYTES) throw badConfig(`seed: expected ${SEED_BYTES} bytes, got ${seed.length}`)
  if (ipv4Group !== undefined) requireIpv4(ipv4Group)
  requireIpv6(ipv6Group)
  const bytes = new Uint8Array(CONFIG_FILE_BYTES)
  if (ipv4Group !== undefined) bytes.set(ipv4Group)
  bytes.set(ipv6Group, IPV6_AT)
  bytes.set(seed, SEED_AT)
  bytes.set(publicKeyFromSeed(seed), KEY_AT)
  return bytes
}

function requireIpv4(group: Uint8Array): void {
  if (group.length !== IPV4_BYTES) throw badConfig(`ipv4Group: expected ${IPV4_BYTES} bytes, got ${group.length}`)
  if (!isAcceptableGroup(mapIpv4(group))) throw badConfig(`expected an IPv4 group, got ${formatGroup(group)}`)
}

function requireIpv6(group: Uint8Array): void {
  if (group.length !== GROUP_BYTES) throw badConfig(`ipv6Group: expected ${GROUP_BYTES} bytes, got ${group.length}`)
  if (isIpv4Group(group) || !isAcceptableGroup(group)) {
    throw badConfig(`expected an IPv6 group, got ${formatGroup(group)}`)
  }
}

function badConfig(message: string): MulticastError {
  return new MulticastError('bad-config', message)
}
