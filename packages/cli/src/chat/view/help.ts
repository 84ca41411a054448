import { wrap } from '../width.js'
import { MARKS } from './entry.js'

/** All keys, by where they work: the source of the help on the screen and of the table in the guide. */
export const KEYS: readonly { readonly where: string; readonly keys: readonly (readonly [string, string])[] }[] = [
  {
    where: 'Writing',
    keys: [
      ['Enter', 'send'],
      ['Alt-Enter, Ctrl-J', 'new line'],
      ['arrows, Home, End, Ctrl-A, Ctrl-E', 'move in the text; with Ctrl or Alt by words'],
      ['Ctrl-U, Ctrl-K', 'delete to the start, to the end of the line'],
      ['Ctrl-W, Alt-D', 'delete the word before, behind the cursor'],
      ['Esc', 'stop answering or changing; then back to the newest message'],
    ],
  },
  {
    where: 'Moving',
    keys: [
      ['Ctrl-N, Ctrl-P', 'next, previous person (also Alt-Down, Alt-Up)'],
      ['Tab', 'next person with unread messages'],
      ['Ctrl-T or F2', 'talk to somebody: part of a name, a key, or a contact link'],
      ['Alt-N or F7', 'who is on the local network, with --multicast'],
      ['PageUp, PageDown', 'older, newer messages'],
      ['Ctrl-G', 'the newest message'],
      ['Ctrl-F or F3', 'search; Tab: this conversation or all'],
    ],
  },
  {
    where: 'A message: Up in the first line, or Ctrl-R, chooses one',
    keys: [
      ['Up, Down, PageUp, PageDown', 'choose another'],
      ['Enter or r', 'answer it'],
      ['e', 'react to it; an empty reaction takes yours back'],
      ['m', 'change the text of your own'],
      ['s', 'save its file'],
      ['x', 'stop a file that is coming'],
      ['v', 'read a long one as a whole'],
      ['d', 'remove it here; in a group also for everybody'],
      ['Esc', 'back to writing'],
    ],
  },
  {
    where: 'Files and people',
    keys: [
      ['Ctrl-O or F4', 'send a file; Tab completes its path'],
      ['Ctrl-B or F5', 'all files of this conversation'],
      ['Ctrl-Y or F6', 'the person: answer a request, name, block, ask to be contacts'],
      ['Ctrl-Y or F6 in a group', 'its members; take an invite, invite, leave'],
    ],
  },
  {
    where: 'The program',
    keys: [
      ['F1 or Alt-H', 'this help'],
      ['Alt-R', 'try to reach everybody at once'],
      ['Ctrl-L', 'draw the screen again'],
      ['Ctrl-Z', 'to the shell; fg comes back'],
      ['Ctrl-C or Ctrl-Q', 'end; what you have typed is kept'],
    ],
  },
]

/** Marks before messages, and before people. */
export const LEGEND: readonly (readonly [string, string])[] = [
  [MARKS.preparing, 'its file is being made ready'],
  [MARKS.stored, 'on your disk, not delivered yet: it will be'],
  [MARKS.waiting, 'waits until the other side accepts you'],
  [MARKS.delivered, 'delivered: the other side has it on disk'],
  [MARKS.failed, 'given up'],
]

export const PEOPLE_LEGEND: readonly (readonly [string, string])[] = [
  ['*', 'connected'],
  ['~', 'connecting'],
  ['@', 'on the local network, not connected'],
  ['-', 'not reached, the next attempt comes by itself'],
  ['?', 'asks to be your contact, or wants you in a group'],
  ['x', 'blocked; a group that you are not in any more'],
]

const KEY_CELLS = 18

export interface HelpLine {
  readonly text: string
  readonly bold: boolean
}

/** The help in lines of so many cells. @param link - our own contact link */
export function helpLines(columns: number, link: string): readonly HelpLine[] {
  const plain = (text: string): HelpLine => ({ text, bold: false })
  const head = (text: string): HelpLine => ({ text, bold: true })
  const entry = ([key, what]: readonly [string, string], cells: number): HelpLine[] => {
    const lines = wrap(what, columns - cells - 4)
    const first = key.length > cells ? '' : lines.shift()
    return [plain(`  ${key.padEnd(cells)}  ${first}`), ...lines.map((line) => plain(`  ${' '.repeat(cells)}  ${line}`))]
  }
  return [
    ...KEYS.flatMap(({ where, keys }) => [head(where), ...keys.flatMap((key) => entry(key, KEY_CELLS)), plain('')]),
    head('Marks before your messages'),
    ...LEGEND.flatMap((mark) => entry(mark, 1)),
    plain(''),
    head('Marks before people'),
    ...PEOPLE_LEGEND.flatMap((mark) => entry(mark, 1)),
    plain(''),
    head('Others write to you with your contact link'),
    ...wrap(link, columns - 2).map((text) => plain(text)),
  ]
}
