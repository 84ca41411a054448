// pnpm chaos [--seed N] [--messages N] [--kills N] [--keep] [--json]: people as processes over faulty links, killed at
// random. The last line is the verdict as JSON.
// Exit: 0 nothing lost or doubled, 1 otherwise (databases and logs are kept), 2 wrong arguments.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFaultyProxy, createRandom, type FaultyProxy } from '@mimirjs/transport/testing'
import { audit } from './audit.js'
import { killChild, startChild } from './child.js'
import { type Options, parseOptions, USAGE } from './options.js'
import type { Command, PersonOptions, Report } from './protocol.js'

const { seed, messages, kills, keep, json } = optionsOrExit()
const random = createRandom(seed)
const folder = mkdtempSync(join(tmpdir(), 'mimir-chaos-'))
const startedMs = performance.now()

/** How long everything may take to arrive after the last fault. */
const SETTLE_MS = 120_000
const IN_FLIGHT = 12
const FAULTS = { splitBytes: 64, delayMs: 3, cutAfterBytes: 200_000 }

class Person {
  readonly name: string
  readonly folder: string
  publicKey = ''
  undelivered = Number.POSITIVE_INFINITY
  unhandled = Number.POSITIVE_INFINITY
  alive = false
  readonly #proxy: FaultyProxy
  readonly #tracker: string
  #process: ChildProcess | undefined
  #starts = 0
  readonly #waiting = new Map<number, (accepted: boolean) => void>()

  constructor(name: string, proxy: FaultyProxy, tracker: string) {
    this.name = name
    this.folder = join(folder, name)
    this.#proxy = proxy
    this.#tracker = tracker
  }

  async start(): Promise<void> {
    const options: PersonOptions = {
      folder: this.folder,
      name: this.name,
      tracker: this.#tracker,
      announce: this.#proxy.address,
      seed: seed * 1000 + ++this.#starts,
      replies: 0.2,
    }
    const child = startChild('person', JSON.stringify(options))
    this.#process = child
    child.on('exit', (code) => {
      this.alive = false
      if (code !== null && code !== 0) fail(`${this.name} exited with code ${code}`)
      for (const settle of this.#waiting.values()) settle(false)
      this.#waiting.clear()
    })
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
      child.on('message', (report: Report) => {
        if (report.event === 'ready') {
          this.publicKey = report.publicKey
          this.#proxy.target = report.address
          this.alive = true
          resolve()
        } else this.#note(report)
      })
    })
  }

  #note(report: Exclude<Report, { event: 'ready' }>): void {
    if (report.event === 'status') {
      this.undelivered = report.undelivered
      this.unhandled = report.unhandled
      return
    }
    if (report.event === 'rejected') fail(`${this.name} did not accept a message: ${report.reason}`)
    this.#waiting.get(report.token)?.(report.event === 'accepted')
    this.#waiting.delete(report.token)
  }

  /** @returns whether the message was accepted before the process died */
  send(to: Person, text: string, token: number): Promise<boolean> {
    if (!this.alive) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#waiting.set(token, resolve)
      this.#tell({ do: 'send', to: to.publicKey, text, token })
    })
  }

  kill(): Promise<void> {
    this.alive = false
    return killChild(this.#process!)
  }

  askStatus(): void {
    this.#tell({ do: 'status' })
  }

  async stop(): Promise<void> {
    const exited = once(this.#process!, 'exit')
    this.#tell({ do: 'close' })
    await exited
  }

  #tell(command: Command): void {
    if (this.#process!.connected) this.#process!.send(command, () => {})
  }
}

const trackerFile = join(folder, 'tracker.sqlite')
async function startTracker(address: string): Promise<{ child: ChildProcess; address: string }> {
  const child = startChild('tracker', address, trackerFile)
  const [report] = (await once(child, 'message')) as [{ address: string }]
  return { child, address: report.address }
}

let tracker = await startTracker('udp://127.0.0.1:0')
const people: Person[] = []
const proxies: FaultyProxy[] = []
for (const name of ['ann', 'ben', 'cat']) {
  const proxy = await createFaultyProxy({
    listen: 'tcp://127.0.0.1:0',
    target: 'tcp://127.0.0.1:9',
    faults: FAULTS,
    seed: seed + people.length,
  })
  proxies.push(proxy)
  people.push(new Person(name, proxy, tracker.address))
}
await Promise.all(people.map((person) => person.start()))
say(`seed ${seed}: ${people.length} people and a tracker, ${messages} messages, ${kills} kills`)

let accepted = 0
let serial = 0
let killed = 0
const restarts = new Set<Promise<void>>()

await Promise.all([...Array.from({ length: IN_FLIGHT }, () => sendUntilDone()), killUntilDone()])
await Promise.all(restarts)
say(`${accepted} accepted, ${killed} kills; waiting for the last to arrive`)

// Quiet three times in a row: a message may be between two people while each is asked.
const deadlineMs = performance.now() + SETTLE_MS
for (let quiet = 0; quiet < 3; ) {
  for (const person of people) person.askStatus()
  await pause(200)
  quiet = people.every((person) => person.undelivered === 0 && person.unhandled === 0) ? quiet + 1 : 0
  if (performance.now() > deadlineMs) {
    for (const person of people)
      console.error(`${person.name}: ${person.undelivered} undelivered, ${person.unhandled} unhandled`)
    console.error(`not everything arrived within ${SETTLE_MS / 1000} s of the last fault`)
    break
  }
}
await Promise.all(people.map((person) => person.stop()))
tracker.child.send('close')
await once(tracker.child, 'exit')
await Promise.all(proxies.map((proxy) => proxy.close()))

const verdict = await audit(people)
const good = verdict.lost === 0 && verdict.duplicated === 0 && verdict.handledTwice === 0
if (keep || !good) say(`databases and logs kept in ${folder}`)
else rmSync(folder, { recursive: true, force: true })
const seconds = Math.round((performance.now() - startedMs) / 100) / 10
if (!json)
  for (const [name, value] of Object.entries({ ...verdict, kills: killed, seconds }))
    console.log(`${name.padEnd(14)}${String(value).padStart(8)}`)
console.log(JSON.stringify({ ...verdict, kills: killed, seed, seconds }))
process.exit(good ? 0 : 1)

async function sendUntilDone(): Promise<void> {
  while (accepted < messages) {
    const sender = people[random.integer(people.length)]!
    const receiver = people[random.integer(people.length)]!
    if (sender === receiver) continue
    const token = ++serial
    if (await sender.send(receiver, `${sender.name} to ${receiver.name} #${token}`, token)) accepted += 1
    else await pause(20)
    await pause(random.next() * 20)
  }
}

/** Kills are spread over the whole run: the k-th comes when its share of the messages is accepted. */
async function killUntilDone(): Promise<void> {
  while (killed < kills) {
    const dueAt = ((killed + random.next()) * messages) / (kills + 1)
    while (accepted < dueAt && accepted < messages) await pause(5)
    killed += 1
    if (random.next() < 0.15) {
      await killChild(tracker.child)
      await pause(random.next() * 500)
      tracker = await startTracker(tracker.address)
      continue
    }
    const alive = people.filter((person) => person.alive)
    const victim = alive[random.integer(alive.length)]
    if (!victim) {
      killed -= 1
      await pause(50)
      continue
    }
    if (random.next() < 0.3) for (const proxy of proxies) proxy.cut()
    const restart = victim
      .kill()
      .then(() => pause(random.next() * 800))
      .then(() => victim.start())
      .finally(() => restarts.delete(restart))
    restarts.add(restart)
  }
}

function optionsOrExit(): Options {
  try {
    const options = parseOptions(process.argv.slice(2))
    if (!options.help) return options
    console.log(USAGE)
  } catch (error) {
    console.error(`chaos: ${(error as Error).message}; see pnpm chaos --help`)
    process.exit(2)
  }
  process.exit(0)
}

function fail(reason: string): never {
  console.error(reason)
  console.error(`databases and logs kept in ${folder}`)
  process.exit(1)
}

function say(line: string): void {
  if (!json) console.log(line)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
