// Every entry of every package by `import`.
import { readFileSync } from 'node:fs'

const { specifiers } = JSON.parse(readFileSync('smoke-data.json', 'utf8'))
for (const specifier of specifiers) {
  const names = Object.keys(await import(specifier))
  if (names.length === 0) throw new Error(`${specifier} exports nothing`)
}
console.log(`${specifiers.length} entries imported`)
