// Every entry of every package by `require`.
const { readFileSync } = require('node:fs')

const { specifiers } = JSON.parse(readFileSync('smoke-data.json', 'utf8'))
for (const specifier of specifiers) {
  const names = Object.keys(require(specifier))
  if (names.length === 0) throw new Error(`${specifier} exports nothing`)
}
console.log(`${specifiers.length} entries required`)
