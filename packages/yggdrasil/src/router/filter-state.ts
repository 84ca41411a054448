import { BloomFilter } from '../bloom.js'

/** The filters of one neighbour. yggdrasil protocol §5.4 */
export class FilterState {
  /** The last one sent to it. */
  sent: BloomFilter = new BloomFilter()
  /** The last one received from it: which keys are behind it. */
  received: BloomFilter = new BloomFilter()
  /** It is our parent or our child. */
  onTree = false
  /** The last one sent has bits that are no longer true; the next one will not. */
  dirty = false
  sentMs = 0
}
