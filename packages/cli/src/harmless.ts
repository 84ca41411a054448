// What others wrote reaches a terminal here. A terminal obeys control characters: it can be made to rewrite what stands
// above, to answer as if the person had typed, or to show a text in another order than it is stored in.
const HARMFUL = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** Text of others for a terminal: control characters and changes of direction become visible, line breaks stay. */
export function harmlessText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll(HARMFUL, (character) => (character === '\n' || character === '\t' ? character : escaped(character)))
}

/** The same for what has to stay on one line: a name, an address, an error. */
export function harmlessLine(text: string): string {
  return text.replaceAll(HARMFUL, (character) => (character === '\t' ? ' ' : escaped(character)))
}

/** JSON on one line that a terminal may show: the same value, the harmful characters written as `\u…`. */
export function harmlessJson(value: object): string {
  return JSON.stringify(value).replaceAll(HARMFUL, escaped)
}

/** Whether all of it can be shown as it is, on one line. */
export function isHarmlessLine(text: string): boolean {
  return text.search(HARMFUL) < 0
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
