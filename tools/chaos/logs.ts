import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where a device writes down what it did, a line of words each. */
export const LOGS = {
  /** `pid from id` of what a handler has finished. */
  handled: 'handled.log',
  /** `to id serial` of what was accepted. */
  accepted: 'accepted.log',
  /** `to id version` of edits that were accepted. */
  edited: 'edited.log',
  /** `peer id outgoing` of what is about to be deleted. */
  deleting: 'deleting.log',
  /** `peer id outgoing` of what was deleted. */
  deleted: 'deleted.log',
} as const

/** Lines of words. A line cut off by a kill has no line end and was never reported. */
export function readLog(folder: string, name: string): string[][] {
  const file = join(folder, name)
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '))
}
