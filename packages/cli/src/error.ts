import { ExitCode } from './exit-code.js'

export type CliErrorCode =
  | 'usage' // the command line is wrong
  | 'bad-key' // neither a public key, nor a contact link, nor a known name
  | 'no-group' // no group or invite is called so, or several are
  | 'no-invite' // no such invite has come, or not yet
  | 'stale' // the mediator was not reached: what is shown is what was known before
  | 'no-mediator' // a mediator is not reached; it is tried again
  | 'stopped' // ended by the person before the other side had answered
  | 'exists' // the file is there already and is not overwritten
  | 'no-identity' // the home folder has no key yet
  | 'not-read' // what was to be sent did not come to its end in time; nothing is accepted
  | 'not-delivered' // accepted, but not delivered in time
  | 'no-answer' // delivered, but not answered in time
  | 'no-call' // nobody took the call
  | 'call-lost' // the connection of a call ended in the middle
  | 'no-records' // no tracker knows the key
  | 'no-pong' // a node of the overlay does not answer
  | 'nobody-nearby' // nobody on the local network has answered
  | 'no-peer' // a node that --peer names is not reached; it is tried again
  | 'file' // a file or folder cannot be read or written
  | 'output' // standard output cannot be written
  | 'reader-gone' // nobody reads standard output any more
  | 'command' // the command of --exec failed
  | 'readable-key' // others may read the key file

const FACTS: Record<CliErrorCode, { blame: CliError['blame']; exitCode: ExitCode }> = {
  usage: { blame: 'local', exitCode: ExitCode.usage },
  'bad-key': { blame: 'local', exitCode: ExitCode.usage },
  'no-group': { blame: 'local', exitCode: ExitCode.usage },
  'no-invite': { blame: 'remote', exitCode: ExitCode.notYet },
  stale: { blame: 'transport', exitCode: ExitCode.notYet },
  'no-mediator': { blame: 'transport', exitCode: ExitCode.notYet },
  stopped: { blame: 'local', exitCode: ExitCode.notYet },
  exists: { blame: 'local', exitCode: ExitCode.failure },
  'no-identity': { blame: 'local', exitCode: ExitCode.failure },
  'not-read': { blame: 'timeout', exitCode: ExitCode.failure },
  'not-delivered': { blame: 'timeout', exitCode: ExitCode.notYet },
  'no-answer': { blame: 'timeout', exitCode: ExitCode.notYet },
  'no-call': { blame: 'remote', exitCode: ExitCode.notYet },
  'call-lost': { blame: 'transport', exitCode: ExitCode.failure },
  'no-records': { blame: 'remote', exitCode: ExitCode.notYet },
  'no-pong': { blame: 'remote', exitCode: ExitCode.notYet },
  'nobody-nearby': { blame: 'remote', exitCode: ExitCode.notYet },
  'no-peer': { blame: 'transport', exitCode: ExitCode.notYet },
  file: { blame: 'local', exitCode: ExitCode.storage },
  output: { blame: 'local', exitCode: ExitCode.storage },
  'reader-gone': { blame: 'local', exitCode: ExitCode.failure },
  command: { blame: 'local', exitCode: ExitCode.failure },
  'readable-key': { blame: 'local', exitCode: ExitCode.failure },
}

/** Every failure of this package. Recognise it by `name`, not by `instanceof`. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode
  readonly blame: 'local' | 'remote' | 'transport' | 'timeout'
  readonly exitCode: ExitCode

  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.blame = FACTS[code].blame
    this.exitCode = FACTS[code].exitCode
  }
}

export function isCliError(value: unknown): value is CliError {
  return value instanceof Error && value.name === 'CliError'
}
