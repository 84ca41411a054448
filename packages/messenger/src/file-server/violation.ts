/** What no file server that follows the protocol does. */
export class Violation extends Error {}

/** The size of a file from the wire. @throws a Violation for what is larger than any file */
export function toSize(totalBytes: bigint): number {
  if (totalBytes <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(totalBytes)
  throw new Violation(`a file of ${totalBytes} bytes`)
}
