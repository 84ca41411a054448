import { execFile } from 'node:child_process'
import { createPrivateKey, sign as nativeSign } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { promisify } from 'node:util'
import { createSigner, generateSeed, type ProofOfWorkEngine, randomBytes, type SeedSigner } from '@mimirjs/crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { median } from './lib/median.js'
import { interleaveMedians } from './lib/rounds.js'
import { costRow, type Report, type Row } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import { operationsPerCpuSecond } from './lib/spin.js'

// The proof of work of CREATE_CHAT: whole calls of `signProofOfWork`, each with a nonce of its own, from an imported key
// to a verified signature. The rival is what the originals do: sign with one counter after the other, with node:crypto
// and the key kept. One in 65,536 signatures passes, so that many are what a search costs on average.

const TRIES = 65_536
/** Searches differ as the throws of dice do: the mean of 60 is right within 13 %, the median of seven such means within 6 %. */
const SEARCHES = 60
const COLD_STARTS = 5
const PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const ENGINES = ['wasm-simd', 'js'] as const

export async function run(settings: Settings): Promise<Report> {
  const seed = generateSeed()
  const signer = createSigner(seed)
  const kept = createPrivateKey({ key: Buffer.concat([PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const searches = settings.quick ? 2 : SEARCHES
  for (const engine of ENGINES) await searchMs(signer, engine, Math.min(searches, 10))
  const loop = (sign: (message: Uint8Array) => Uint8Array) => () =>
    (TRIES / operationsPerCpuSecond((count) => pass(sign, count), settings.spinMs)) * 1000
  const contenders = {
    wasm: () => searchMs(signer, 'wasm-simd', searches),
    js: () => searchMs(signer, 'js', searches),
    finish: () => finishMs(signer, searches),
    node: loop((message) => nativeSign(null, message, kept)),
    noble: loop((message) => ed25519.sign(message, seed)),
    cold: () => coldMs(settings.quick ? 1 : COLD_STARTS),
  }
  const names = Object.keys(contenders) as (keyof typeof contenders)[]
  const ms = await interleaveMedians(names, settings.rounds, (name) => contenders[name]())
  const rows: Row[] = [
    costRow('pow.search.wasm/node-loop', 'CPU-ms', ms.wasm, ms.node, 100),
    costRow('pow.search.js/node-loop', 'CPU-ms', ms.js, ms.node, 40),
    costRow('pow.search.wasm/noble-loop', 'CPU-ms', ms.wasm, ms.noble, 2_000),
    costRow('pow.search.js/noble-loop', 'CPU-ms', ms.js, ms.noble, 800),
    costRow('pow.first-search.wasm/node-loop', 'ms', ms.cold, ms.node),
    costRow('pow.finish-prepared/node-loop', 'CPU-ms', ms.finish, ms.node),
  ]
  const notes = [
    `means of ${searches} whole searches, CPU time of all threads; a loop: ${TRIES} signatures`,
    'first-search: by the clock, in a process that has only loaded the package; the engine is compiled and its table made',
  ]
  for (const engine of ENGINES) notes.push(await heldNote(signer, engine, searches))
  return { rows, notes }
}

/** Sign counters, as the originals do; how many pass. */
function pass(sign: (message: Uint8Array) => Uint8Array, count: number): number {
  const message = randomBytes(36)
  const view = new DataView(message.buffer)
  let passed = 0
  for (let counter = 0; counter < count; counter++) {
    view.setUint32(32, counter)
    const signature = sign(message)
    if (signature[0] === 0 && signature[1] === 0) passed++
  }
  return passed
}

async function searchMs(signer: SeedSigner, engine: ProofOfWorkEngine, searches: number): Promise<number> {
  const start = process.cpuUsage()
  for (let search = 0; search < searches; search++) {
    const { signature } = await signer.signProofOfWork(randomBytes(32), { engine })
    if (signature[0] !== 0 || signature[1] !== 0) throw new Error('a proof of work does not pass')
  }
  return cpuMs(start) / searches
}

/** What is left to do once the nonce is there. */
async function finishMs(signer: SeedSigner, count: number): Promise<number> {
  const prepared = []
  for (let search = 0; search < Math.min(count, 20); search++) prepared.push(await signer.prepareProofOfWork())
  const nonce = randomBytes(32)
  const start = process.cpuUsage()
  for (const one of prepared) one.finish(nonce)
  return cpuMs(start) / prepared.length
}

function cpuMs(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

const COLD = `
import { createSigner } from '@mimirjs/crypto'
const signer = createSigner(new Uint8Array(32).fill(1))
const startMs = performance.now()
await signer.signProofOfWork(new Uint8Array(32))
process.stdout.write(String(performance.now() - startMs))
`

async function coldMs(starts: number): Promise<number> {
  const taken: number[] = []
  for (let start = 0; start < starts; start++) {
    // From where this file was compiled to, below bench/, the package is found.
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', COLD], {
      cwd: import.meta.dirname,
    })
    taken.push(Number(stdout))
  }
  return median(taken)
}

/** How long a timer has to wait while searches go on; by the clock, so that programs that share the machine count too. */
async function heldNote(signer: SeedSigner, engine: ProofOfWorkEngine, searches: number): Promise<string> {
  const resolution = 1
  const delays = monitorEventLoopDelay({ resolution })
  delays.enable()
  await searchMs(signer, engine, searches)
  delays.disable()
  const lateMs = (percentile: number): string =>
    Math.max(0, delays.percentile(percentile) / 1e6 - resolution).toFixed(1)
  return `${engine}: a timer of ${resolution} ms was late by ${lateMs(50)} ms (median), ${lateMs(99)} ms (p99), what others took included`
}
