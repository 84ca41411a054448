import { createSigner, generateSeed, isCryptoError, type Signer } from '@mimirjs/crypto'
import {
  openWithPassphrase,
  type PassphraseSealed,
  type ScryptCost,
  sealWithPassphrase,
} from '@mimirjs/crypto/passphrase'
import { createWebCryptoKeys, type WebCryptoKeys, webCryptoSigner } from '@mimirjs/crypto/webcrypto'
import { MessengerError } from '../../error.js'
import { done, isNamed, openDatabase, transact } from './database.js'

export interface IdentityOptions {
  /** What the key is encrypted under where the browser cannot hold it. */
  readonly passphrase?: string | undefined
  /** Default: the browser's. */
  readonly indexedDB?: IDBFactory
  /** Keys that nobody can read, or `undefined` where there are none. Default: those of WebCrypto. */
  readonly createKeys?: () => Promise<WebCryptoKeys | undefined>
  /** Of a new passphrase. Default: that of `@mimirjs/crypto`. */
  readonly cost?: ScryptCost
}

/** The key of a person as it is kept: by the browser, or under a passphrase. */
type Kept =
  | { readonly kind: 'webcrypto'; readonly keys: WebCryptoKeys }
  | { readonly kind: 'passphrase'; readonly publicKey: Uint8Array; readonly seed: PassphraseSealed }

const IDENTITY = 'identity'
/** The only key of {@link IDENTITY}. */
const ONLY = 0

/**
 * The key in the database `mimir-<name>-identity`; made once, and never replaced.
 * @throws {MessengerError} `passphrase` when it takes one that is missing or wrong | `store`
 */
export async function openIdentity(name: string, options: IdentityOptions = {}): Promise<Signer> {
  try {
    const database = await openDatabase(`mimir-${name}-identity`, options.indexedDB ?? globalThis.indexedDB, [
      (made) => made.createObjectStore(IDENTITY),
    ])
    try {
      return await signerOf((await find(database)) ?? (await make(database, options)), options)
    } finally {
      database.close()
    }
  } catch (cause) {
    if (cause instanceof MessengerError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new MessengerError('store', `the browser cannot keep our key: ${why}`, { cause })
  }
}

function find(database: IDBDatabase): Promise<Kept | undefined> {
  return transact(database, [IDENTITY], 'readonly', (transaction) =>
    done(transaction.objectStore(IDENTITY).get(ONLY) as IDBRequest<Kept | undefined>),
  )
}

async function make(database: IDBDatabase, options: IdentityOptions): Promise<Kept> {
  const keys = await (options.createKeys ?? createWebCryptoKeys)()
  if (keys === undefined) return keep(database, await sealed(options))
  try {
    return await keep(database, { kind: 'webcrypto', keys })
  } catch (cause) {
    // Some have such keys, and cannot store them: in private windows, for example.
    if (!isNamed(cause, 'DataCloneError')) throw cause
    return keep(database, await sealed(options))
  }
}

/** @returns what is kept: this, unless there was one already */
function keep(database: IDBDatabase, made: Kept): Promise<Kept> {
  return transact(database, [IDENTITY], 'strict', async (transaction) => {
    const identity = transaction.objectStore(IDENTITY)
    const there = await done(identity.get(ONLY) as IDBRequest<Kept | undefined>)
    if (there === undefined) await done(identity.add(made, ONLY))
    return there ?? made
  })
}

async function sealed({ passphrase, cost }: IdentityOptions): Promise<Kept> {
  demandPassphrase(passphrase)
  const seed = generateSeed()
  try {
    const { publicKey } = createSigner(seed)
    const options = { associatedData: publicKey, ...(cost === undefined ? {} : { cost }) }
    return { kind: 'passphrase', publicKey, seed: await sealWithPassphrase(seed, passphrase, options) }
  } finally {
    seed.fill(0)
  }
}

async function signerOf(kept: Kept, { passphrase }: IdentityOptions): Promise<Signer> {
  if (kept.kind === 'webcrypto') return webCryptoSigner(kept.keys)
  demandPassphrase(passphrase)
  try {
    const seed = await openWithPassphrase(kept.seed, passphrase, { associatedData: kept.publicKey })
    try {
      return createSigner(seed)
    } finally {
      seed.fill(0)
    }
  } catch (cause) {
    if (!isCryptoError(cause) || cause.code !== 'authentication') throw cause
    throw new MessengerError('passphrase', 'the passphrase does not fit the key that is kept here', { cause })
  }
}

function demandPassphrase(passphrase: string | undefined): asserts passphrase is string {
  if (typeof passphrase === 'string' && passphrase !== '') return
  const why = 'this browser, or this page over an insecure connection, cannot hold a key that nobody can read'
  throw new MessengerError('passphrase', `${why}: expected the option passphrase, to encrypt ours under`)
}
