import { cleanInput, type Draft, EDITS, type Edit, insert } from '../editor.js'
import type { Key } from '../keys.js'

/** Keys that edit what is typed, wherever that is. */
const EDIT_KEYS: Readonly<Record<string, Edit>> = {
  left: 'left',
  right: 'right',
  'ctrl-left': 'wordLeft',
  'ctrl-right': 'wordRight',
  'alt-left': 'wordLeft',
  'alt-right': 'wordRight',
  'alt-b': 'wordLeft',
  'alt-f': 'wordRight',
  home: 'lineStart',
  'ctrl-a': 'lineStart',
  end: 'lineEnd',
  'ctrl-e': 'lineEnd',
  backspace: 'backspace',
  delete: 'delete',
  'ctrl-d': 'delete',
  'ctrl-w': 'deleteWord',
  'alt-backspace': 'deleteWord',
  'alt-d': 'deleteWordRight',
  'ctrl-u': 'deleteToStart',
  'ctrl-k': 'deleteToEnd',
}

/** `ctrl-left`, `alt-enter`, `f1`; empty for what is text. */
export function keyName(key: Key): string {
  if (key.kind !== 'key') return ''
  const { name, ctrl, alt, shift } = key
  return `${ctrl ? 'ctrl-' : ''}${alt ? 'alt-' : ''}${shift ? 'shift-' : ''}${name}`
}

/** The draft with what this key does to it; undefined for a key that edits nothing. */
export function typed(draft: Draft, key: Key, options: { lines: boolean }): Draft | undefined {
  if (key.kind !== 'key') {
    const text = cleanInput(key.text)
    return insert(draft, options.lines ? text : text.replaceAll(/[\n\t]+/g, ' '))
  }
  const name = keyName(key)
  if (options.lines && (name === 'ctrl-j' || name === 'alt-enter' || name === 'shift-enter')) return insert(draft, '\n')
  const edit = EDIT_KEYS[name]
  return edit === undefined ? undefined : EDITS[edit](draft)
}
