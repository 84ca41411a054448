import { timingSafeEqual } from 'node:crypto'
import { requireUint8Array } from '../bytes.js'
import type * as portable from '../portable/equal.js'

export const equalConstantTime: typeof portable.equalConstantTime = (a, b) => {
  requireUint8Array(a, 'equalConstantTime')
  requireUint8Array(b, 'equalConstantTime')
  return a.length === b.length && timingSafeEqual(a, b)
}
