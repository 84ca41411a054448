import type { StreamTransport } from '../../types.js'
import { closingChecks } from './closing.js'
import { dialChecks } from './dialling.js'
import { flowChecks } from './flow.js'
import { transferChecks } from './transfer.js'

export interface StreamConformanceOptions {
  /** The transport under test. The suite plays both ends. */
  transport: StreamTransport
  /** An address to listen on; called for every listener, so it may give another one each time. */
  listenAddress(): string
  /** An address where a dial gets no answer at all. Without it the check of the dial's timeout is left out. */
  silentAddress?(): string | Promise<string>
  /** Size of the large transfer, in bytes. Default 64 MiB; smaller for links that are slow on purpose. */
  transferBytes?: number
  /** How many streams are opened, used and closed in a row. Default 10 000. */
  connects?: number
  /** Bytes after which a writer whose reader has stopped must have been told to wait. Default 64 MiB. */
  maxBufferedBytes?: number
}

/** One check of the suite, to be run by any test runner. */
export interface ConformanceCheck {
  readonly name: string
  /** Rejects with an `Error` that says what was expected. */
  run(): Promise<void>
}

/**
 * What every {@link StreamTransport} has to do, as a list of checks without a test framework.
 * @example
 * for (const { name, run } of streamConformance({ transport: tcp(), listenAddress: () => 'tcp://127.0.0.1:0' })) {
 *   test(name, run)
 * }
 */
export function streamConformance(options: StreamConformanceOptions): readonly ConformanceCheck[] {
  return [...transferChecks(options), ...flowChecks(options), ...closingChecks(options), ...dialChecks(options)]
}
