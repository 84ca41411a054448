import { isCliError } from './error.js'
import { ExitCode } from './exit-code.js'

/** A failure as it is reported: one line and an exit code. */
export interface Failure {
  /** Stable word for scripts: the `code` of the error, `error` when it has none. */
  readonly code: string
  readonly message: string
  readonly exitCode: ExitCode
}

/** Codes of the packages below that are not simply a failure. */
const EXIT_CODES: Readonly<Record<string, ExitCode>> = {
  'MessengerError bad-key': ExitCode.usage,
  'MessengerError bad-content': ExitCode.usage,
  'MessengerError too-large': ExitCode.usage,
  'MessengerError blocked': ExitCode.usage,
  'MessengerError call': ExitCode.notYet,
  'MessengerError in-use': ExitCode.inUse,
  'MessengerError store': ExitCode.storage,
  'MessengerError unknown-group': ExitCode.usage,
  'MessengerError unknown-invite': ExitCode.notYet,
  'MediatorError not-connected': ExitCode.notYet,
  'MediatorError timeout': ExitCode.notYet,
  'MediatorServerError bad-option': ExitCode.usage,
  'MediatorServerError store-in-use': ExitCode.inUse,
  'MediatorServerError store-foreign': ExitCode.storage,
  'MediatorServerError store-newer': ExitCode.storage,
  'MediatorServerError store': ExitCode.storage,
  'MulticastError address-in-use': ExitCode.inUse,
  'MulticastError bad-interface': ExitCode.usage,
  'RendezvousError misuse': ExitCode.usage,
  'TrackerError bad-option': ExitCode.usage,
  'TrackerError public-address': ExitCode.usage,
  'TrackerError store-in-use': ExitCode.inUse,
  'TrackerError store-foreign': ExitCode.storage,
  'TrackerError store-newer': ExitCode.storage,
  'TrackerError store': ExitCode.storage,
  'TransportError bad-address': ExitCode.usage,
  'TransportError unknown-scheme': ExitCode.usage,
  'TransportError address-in-use': ExitCode.inUse,
  'ResolverError bad-address': ExitCode.usage,
  'StoreError in-use': ExitCode.inUse,
  'YggdrasilError bad-uri': ExitCode.usage,
  'YggdrasilError bad-key': ExitCode.usage,
  'YggdrasilError duplicate': ExitCode.usage,
  'YggdrasilError unsupported': ExitCode.usage,
  'YggdrasilError address-in-use': ExitCode.inUse,
  'YggdrasilError timeout': ExitCode.notYet,
  'CryptoError key-file': ExitCode.storage,
  'CryptoError io': ExitCode.storage,
}

/** What the system says in three letters, in words. */
const SYSTEM: Readonly<Record<string, { says: string; exitCode: ExitCode }>> = {
  EADDRINUSE: { says: 'another program listens there', exitCode: ExitCode.inUse },
  EACCES: { says: 'permission denied', exitCode: ExitCode.storage },
  EPERM: { says: 'the system does not permit it', exitCode: ExitCode.storage },
  EROFS: { says: 'the file system is read-only', exitCode: ExitCode.storage },
  ENOSPC: { says: 'the disk is full', exitCode: ExitCode.storage },
  EDQUOT: { says: 'the disk quota is used up', exitCode: ExitCode.storage },
  EFBIG: { says: 'the file may not grow any more', exitCode: ExitCode.storage },
  EIO: { says: 'the disk reports an error', exitCode: ExitCode.storage },
  ENOENT: { says: 'it does not exist', exitCode: ExitCode.storage },
  ENOTDIR: { says: 'a part of the path is not a folder', exitCode: ExitCode.storage },
  EISDIR: { says: 'it is a folder', exitCode: ExitCode.storage },
  EEXIST: { says: 'it is there already', exitCode: ExitCode.storage },
  ENAMETOOLONG: { says: 'the name is too long', exitCode: ExitCode.storage },
  EMFILE: { says: 'too many open files', exitCode: ExitCode.failure },
}

/** Whatever was thrown, as one line and an exit code. */
export function describeFailure(error: unknown): Failure {
  if (isCliError(error)) return { code: error.code, message: oneLine(error.message), exitCode: error.exitCode }
  const chain = causes(error)
  const system = chain.map((cause) => systemFailure(cause)).find((failure) => failure !== undefined)
  const [first] = chain
  if (first === undefined) return { code: 'error', message: oneLine(String(error)), exitCode: ExitCode.failure }
  if (first === system?.error) return system
  const known = chain.map(exitCodeOf).find((exitCode) => exitCode !== undefined)
  const message = oneLine(first.message === '' ? first.name : first.message)
  return {
    code: codeOf(first) ?? 'error',
    message: withReason(message, chain, system?.says),
    exitCode: known ?? system?.exitCode ?? ExitCode.failure,
  }
}

/** What failed, and why: the system's word for it, else what the store says. */
function withReason(message: string, chain: readonly Error[], systemSays: string | undefined): string {
  if (systemSays !== undefined) return message.includes(systemSays) ? message : `${message} (${systemSays})`
  const [first, ...below] = chain
  const store = first?.name === 'MessengerError' ? below.find(({ name }) => STORING.has(name)) : undefined
  if (store === undefined || message.includes(oneLine(store.message))) return message
  return `${message}: ${codeOf(store) === 'full' ? 'the disk is full' : oneLine(store.message)}`
}

/** Whose errors are the reason of a messenger's. */
const STORING: ReadonlySet<string> = new Set(['StoreError', 'MessengerError'])

/** `cannot save to ./files: the disk is full` */
export function systemReason(error: unknown): string {
  const system = systemFailure(error)
  return system?.says ?? describeFailure(error).message
}

function causes(error: unknown): Error[] {
  const chain: Error[] = []
  for (let next = error; next instanceof Error && chain.length < 8; next = next.cause) chain.push(next)
  return chain
}

function exitCodeOf(error: Error): ExitCode | undefined {
  const code = codeOf(error)
  if (code === undefined) return undefined
  const known = EXIT_CODES[`${error.name} ${code}`]
  if (known !== undefined) return known
  // Whatever else a database reports is about its file.
  return error.name === 'StoreError' ? ExitCode.storage : undefined
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function systemFailure(error: unknown): (Failure & { error: Error; says: string }) | undefined {
  if (!(error instanceof Error) || !('syscall' in error)) return undefined
  const code = codeOf(error) ?? ''
  const known = SYSTEM[code]
  if (known === undefined) return undefined
  const where = 'path' in error && typeof error.path === 'string' ? error.path : String(error.syscall)
  return {
    error,
    code,
    says: known.says,
    message: oneLine(`${where}: ${known.says} (${code})`),
    exitCode: known.exitCode,
  }
}

export function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim()
}
