import { isWireError, type WireErrorCode } from '../../src/index.js'

/** The code of the WireError that `work` throws, `undefined` when it throws nothing; any other error goes through. */
export function codeOf(work: () => unknown): WireErrorCode | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (isWireError(error)) return error.code
    throw error
  }
}
