import { createSigner, generateX25519KeyPair } from '@mimirjs/crypto'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { sessionIdentity } from '../../src/session/identity.js'
import { Sessions } from '../../src/session/sessions.js'

const N = Number(process.argv[2] ?? 10000)
declare const gc: () => void
function make(seed: Uint8Array, out: (d: Uint8Array, m: Uint8Array) => void, del: (b: Uint8Array) => void) {
  const signer = createSigner(seed)
  return { key: signer.publicKey, s: new Sessions({ publicKey: signer.publicKey, identity: sessionIdentity(seed, signer), generateKeyPair: generateX25519KeyPair, wallSeconds: () => 1750000000, limits: { ...DEFAULT_LIMITS, sessions: N * 2, initsPerSecond: 1e9, expectedInitsPerSecond: 1e9 }, output: { send: (d: Uint8Array, m: Uint8Array) => { out(d, m); return true }, deliver: (_s: Uint8Array, p: Uint8Array) => del(p), answered() {} } }) }
}
let toA: Uint8Array[] = [], fromA: Uint8Array[] = []
let got = 0
const a = make(new Uint8Array(32).fill(9), (_d, m) => fromA.push(m.slice()), () => got++)
const run = (i: number) => {
  const seed = new Uint8Array(32); new DataView(seed.buffer).setUint32(0, i + 1)
  const b = make(seed, (_d, m) => toA.push(m.slice()), () => got++)
  b.s.send(a.key, new Uint8Array(100), i)
  for (let k = 0; k < 5; k++) {
    for (const m of toA.splice(0)) a.s.receive(b.key, m, i)
    for (const m of fromA.splice(0)) b.s.receive(a.key, m, i)
    if (k === 2) a.s.send(b.key, new Uint8Array(100), i)
    if (k === 3) b.s.send(a.key, new Uint8Array(100), i)
  }
}
for (let i = 0; i < 300; i++) run(i)
const settle = async () => { for (let i = 0; i < 5; i++) { gc(); await new Promise((r) => setTimeout(r, 50)) } }
await settle()
const r0 = process.memoryUsage(), s0 = a.s.size
const t0 = performance.now()
for (let i = 300; i < N; i++) { run(i); if (i % 500 === 0) await settle() }
const ms = performance.now() - t0
await settle()
const r1 = process.memoryUsage(), d = a.s.size - s0
console.log({ sessions: a.s.size, got, msPerContact: ms / d, rss: (r1.rss - r0.rss) / d, heap: (r1.heapUsed - r0.heapUsed) / d, ab: (r1.arrayBuffers - r0.arrayBuffers) / d, ext: (r1.external - r0.external) / d })
