// How the program talks to the person in front of it.
import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

const colourful = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined
const startMs = performance.now()

export function paint(style: Style, text: string): string {
  return colourful ? styleText(style, text) : text
}

const COLOURS: Record<string, Style> = {
  mediator: 'yellow',
  Ann: 'magenta',
  Ben: 'cyan',
  Cat: 'green',
  Dan: 'blue',
  you: 'red',
}

/** One line of the story: when, who, what. */
export function tell(who: string, what: string): void {
  const seconds = ((performance.now() - startMs) / 1000).toFixed(3).padStart(7)
  console.log(`${paint('dim', `${seconds} s`)}  ${paint(COLOURS[who] ?? 'white', who.padEnd(8))} ${what}`)
}

export function chapter(title: string): void {
  console.log(`\n${paint('bold', title)}`)
}

export function table(rows: readonly (readonly [label: string, value: string, note: string])[]): void {
  const width = Math.max(...rows.map(([label]) => label.length))
  const valueWidth = Math.max(...rows.map(([, value]) => value.length))
  for (const [label, value, note] of rows)
    console.log(`  ${label.padEnd(width)}  ${paint('bold', value.padStart(valueWidth))}  ${paint('dim', note)}`)
}

export function short(key: string): string {
  return `${key.slice(0, 8)}…`
}

export function count(n: number, one: string, many: string = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`
}
