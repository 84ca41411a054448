import { InvalidArgumentError } from 'commander'
import { isHarmlessLine } from '../../harmless.js'

/** A name that a group may be given: others have to be able to see and to type it. */
export function parseGroupName(text: string): string {
  if (text.trim() !== '' && isHarmlessLine(text)) return text
  throw new InvalidArgumentError('Expected a name that is not blank, without control characters')
}
