import { readFileSync } from 'node:fs'

/** By another name: a bundler would look for what is written before `import.meta.url`. */
const { url: here } = import.meta

/** A published file of vectors under vectors/. */
export function vectors<T>(file: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../../../../../vectors/${file}`, here), 'utf8')) as readonly T[]
}
