import { isRendezvousError, type RendezvousErrorCode } from '../../../src/error.js'

/** The code of the RendezvousError that `work` throws; `undefined` when it throws nothing. */
export function codeOf(work: () => unknown): RendezvousErrorCode | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (isRendezvousError(error)) return error.code
    throw error
  }
}
