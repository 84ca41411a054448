// Which runtime this is: the last line is checked against the one that was asked for.
import process from 'node:process'

const { bun, deno, node } = process.versions
console.log(bun ? `bun ${bun}` : deno ? `deno ${deno}` : `node ${node}`)
