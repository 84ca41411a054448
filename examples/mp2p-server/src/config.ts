// The file that the original programs keep themselves in: both groups and the private key. It works with either.
import { chmodSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { generateSeed, randomBytes } from '@mimirjs/crypto'
import { generateIpv4Group, generateIpv6Group, readConfig, writeConfig } from '@mimirjs/multicast'

export interface Config {
  /** 4 bytes. */
  readonly ipv4Group: Uint8Array
  /** 16 bytes. */
  readonly ipv6Group: Uint8Array
  /** Secret, 32 bytes. */
  readonly seed: Uint8Array
}

/** What is in the file; where there is none, it is made. @throws when it cannot be read or written, or is damaged */
export function loadConfig(path: string): Config {
  const found = read(path)
  const seed = found?.seed ?? generateSeed()
  const ipv6Group = found?.ipv6Group ?? generateIpv6Group(randomBytes)
  // Some versions of the originals wrote 0.0.0.0.
  const ipv4Group = found?.ipv4Group ?? generateIpv4Group(randomBytes).subarray(12)
  if (found?.ipv4Group === undefined) {
    writeFileSync(`${path}.new`, writeConfig({ ipv4Group, ipv6Group, seed }), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  return { ipv4Group, ipv6Group, seed }
}

function read(path: string): ReturnType<typeof readConfig> | undefined {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error })
  }
  // The originals let everybody read it.
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
  try {
    return readConfig(bytes)
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error })
  }
}
