import { lookup } from 'node:dns/promises'
import { formatAddress, parseAddress } from '../address.js'
import { TransportError } from '../error.js'
import { parseIp } from '../ip.js'
import { fromSystemError } from '../system-error.js'

/**
 * The IP literals behind an address URL with a host name, in the order the system prefers; an address that is a
 * literal already is answered as it is. Works for any scheme with ports.
 * @throws {TransportError} `bad-address`, `unreachable` (no such name), `aborted`
 */
export async function resolveAddress(address: string, options: { signal?: AbortSignal } = {}): Promise<string[]> {
  const { scheme, host, port } = parseAddress(address)
  const { signal } = options
  if (parseIp(host.split('%')[0]!) !== undefined) return [formatAddress({ scheme, host, port })]
  if (signal?.aborted) throw aborted(address, signal)
  const found = lookup(host, { all: true }).catch((error: Error) => {
    throw fromSystemError(error, `resolve ${address}`)
  })
  const records = await (signal === undefined ? found : Promise.race([found, rejectOnAbort(address, signal, found)]))
  return records.map((record) => formatAddress({ scheme, host: record.address, port }))
}

/** Never resolves; lets go of the signal when the look-up is over. */
function rejectOnAbort(address: string, signal: AbortSignal, done: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(aborted(address, signal))
    const letGo = (): void => signal.removeEventListener('abort', onAbort)
    signal.addEventListener('abort', onAbort)
    done.then(letGo, letGo)
  })
}

function aborted(address: string, signal: AbortSignal): TransportError {
  return new TransportError('aborted', `resolve ${address}: aborted by the signal given`, { cause: signal.reason })
}
