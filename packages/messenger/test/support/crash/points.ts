import type { FaultPoint } from '../../../src/files/faults.js'
import type { Store } from '../../../src/index.js'

/** A frame as it stands in the crash table. OK is the one for a message, not those of the handshake. */
export type FrameName = 'text' | 'edit' | 'ok' | 'contactRequest' | 'contactResponse'

/** The exact step at which a process ends. */
export type CrashPoint =
  /** Around the commit of one call of the store. */
  | {
      readonly at: 'store'
      readonly method: keyof Store
      readonly when: 'before' | 'after'
      /** Default 1, the first. */
      readonly nth?: number
    }
  /** `before` its first byte is handed to the network, when `half` of it is, `after` all of it is. */
  | { readonly at: 'write'; readonly frame: FrameName; readonly when: 'before' | 'half' | 'after' }
  /** It is there, and nobody has read it. */
  | { readonly at: 'read'; readonly frame: FrameName }
  /** So many bytes of a data stream went through. */
  | { readonly at: 'data'; readonly direction: 'out' | 'in'; readonly bytes: number }
  /** Inside a handler. */
  | { readonly at: 'handler'; readonly when: 'started' | 'answered' }
  /** Around the transfer of a file. */
  | { readonly at: 'file'; readonly name: FaultPoint }

/** The point as a line of the table. */
export function nameOf(point: CrashPoint): string {
  switch (point.at) {
    case 'store':
      return `${point.when} the commit of ${point.method}${point.nth === undefined ? '' : ` (${point.nth})`}`
    case 'write':
      return point.when === 'half' ? `in the middle of writing ${point.frame}` : `${point.when} writing ${point.frame}`
    case 'read':
      return `when ${point.frame} has come, unread`
    case 'data':
      return `after ${point.bytes} bytes ${point.direction} on the data stream`
    case 'handler':
      return `in a handler that has ${point.when}`
    case 'file':
      return `at ${point.name}`
  }
}
