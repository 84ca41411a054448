// The main job: two people who know only each other's public key find each other through a tracker, prove who they
// are, talk, and lose no message although one of them is killed in the middle.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Content } from '@mimirjs/messenger'
import { audit } from './audit.js'
import { makePicture } from './picture.js'
import type { Command, Report } from './protocol.js'
import { chapter, count, paint, short, table, tell } from './story.js'

const json = process.argv.includes('--json')
const unknown = process.argv.slice(2).filter((argument) => argument !== '--json')
if (unknown.length > 0) {
  console.error(`unknown argument ${unknown[0]}: this program takes --json or nothing`)
  process.exit(2)
}

const PATIENCE_MS = 60_000
const folder = mkdtempSync(join(tmpdir(), 'mimir-two-people-'))
const children = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
process.on('uncaughtException', (error) => {
  console.error(`the demonstration failed: ${error.message}`)
  process.exit(1)
})

function start(program: string, ...args: string[]): ChildProcess {
  const file = fileURLToPath(new URL(`./${program}.js`, import.meta.url))
  const child = fork(file, args, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  children.add(child)
  child.on('exit', () => children.delete(child))
  return child
}

/** A person as the main program sees it: the process may be replaced, the folder and the key stay. */
class Person {
  readonly name: string
  readonly folder: string
  publicKey = ''
  address = ''
  announcedAddress = ''
  readonly accepted: string[] = []
  readonly delivered = new Set<string>()
  readonly received: Extract<Report, { event: 'received' }>[] = []
  readonly roundTripsMs: number[] = []
  readonly handshakesMs: number[] = []
  waits = 0
  quiet = false
  #process: ChildProcess | undefined
  #tokens = 0
  readonly #acceptedTokens = new Map<number, string>()
  readonly #watchers = new Set<() => void>()

  constructor(name: string) {
    this.name = name
    this.folder = join(folder, name.toLowerCase())
  }

  async start(trackerAddress: string): Promise<void> {
    this.address = this.announcedAddress = ''
    this.#process = start('person', this.folder, this.name, trackerAddress)
    this.#process.on('message', (report: Report) => {
      this.#note(report)
      for (const watcher of this.#watchers) watcher()
    })
    await this.until(() => this.announcedAddress !== '', `${this.name} is announced`)
  }

  #note(report: Report): void {
    switch (report.event) {
      case 'ready':
        this.publicKey = report.publicKey
        this.address = report.address
        break
      case 'announced':
        this.announcedAddress = report.address
        tell(this.name, `announced ${report.address} to the tracker, signed with key ${short(this.publicKey)}`)
        break
      case 'connected':
        this.handshakesMs.push(report.handshakeMs)
        tell(this.name, `connected and authenticated, ${report.handshakeMs.toFixed(1)} ms`)
        break
      case 'waiting':
        this.waits += 1
        if (this.waits === 1) tell(this.name, `cannot reach the other side, keeps the messages and tries again`)
        break
      case 'accepted':
        this.accepted.push(report.id)
        this.#acceptedTokens.set(report.token, report.id)
        break
      case 'delivered':
        this.delivered.add(report.id)
        if (report.roundTripMs !== undefined) this.roundTripsMs.push(report.roundTripMs)
        break
      case 'received':
        this.received.push(report)
        if (this.quiet) break
        if (report.kind === 'image')
          tell(
            this.name,
            `got the picture '${report.text}', ${report.bytes} bytes, ${report.damaged ? 'DAMAGED' : 'hash verified'}`,
          )
        else tell(this.name, `got ${report.replyTo ? 'a reply' : 'a message'}: ${report.text}`)
    }
  }

  /** Resolves with the id once the message is on this person's disk. */
  async send(to: Person, content: Content): Promise<string> {
    const token = ++this.#tokens
    this.#process!.send({ do: 'send', to: to.publicKey, content, token } satisfies Command)
    await this.until(() => this.#acceptedTokens.has(token), `${this.name}'s message is accepted`)
    return this.#acceptedTokens.get(token)!
  }

  /** The process dies at once, with no chance to tidy up. */
  async kill(): Promise<void> {
    const exited = once(this.#process!, 'exit')
    this.#process!.kill('SIGKILL')
    await exited
  }

  async stop(): Promise<void> {
    const exited = once(this.#process!, 'exit')
    this.#process!.send({ do: 'close' } satisfies Command)
    await exited
  }

  until(test: () => boolean, what: string): Promise<void> {
    if (test()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(watcher)
        reject(new Error(`waited ${PATIENCE_MS / 1000} s until ${what}`))
      }, PATIENCE_MS)
      const watcher = (): void => {
        if (!test()) return
        clearTimeout(timer)
        this.#watchers.delete(watcher)
        resolve()
      }
      this.#watchers.add(watcher)
    })
  }
}

const GREETINGS = [
  'Hello, Bob!',
  'Привет, Боб!',
  'こんにちは、ボブ',
  'مرحبا بوب',
  'שלום בוב',
  'नमस्ते बॉब',
  '你好,鲍勃',
  '안녕, 밥',
  'Γειά σου Μπομπ',
  'Halló Bob, þetta er Alice',
  'Xin chào Bob',
  'Grüß dich, Bob',
  'Olá, Bob',
  'สวัสดีบ็อบ',
  'გამარჯობა, ბობ',
  'Բարև, Բոբ',
  'ሰላም ቦብ',
  '👋🏽 👩‍💻 → 👨‍🚀',
  'e\u0301 is not é, and both arrive as they are',
  'The last of twenty greetings',
]

chapter('Two people, one tracker, no server in between')
const trackerProcess = start('tracker', join(folder, 'tracker.sqlite'))
const [{ address: tracker }] = (await once(trackerProcess, 'message')) as [{ address: string }]
tell('tracker', `listening on ${tracker}`)

const bob = new Person('Bob')
const alice = new Person('Alice')
await Promise.all([bob.start(tracker), alice.start(tracker)])

chapter('They talk')
tell('Alice', `knows nothing of Bob but his public key ${short(bob.publicKey)}`)
for (const greeting of GREETINGS) {
  const id = await alice.send(bob, greeting)
  await alice.until(() => alice.delivered.has(id), 'the greeting is delivered')
}
await alice.until(() => alice.received.length >= GREETINGS.length, 'Bob has answered all greetings')
await alice.send(bob, { text: 'I can quote you, too', replyTo: alice.received[0]!.id })
const picture = await alice.send(bob, {
  image: { bytes: makePicture(), name: 'gradient.bmp', mimeType: 'image/bmp' },
  text: 'look at this',
})
await alice.until(() => alice.delivered.has(picture), 'the picture is delivered')
const roundTripsMs = [...alice.roundTripsMs].sort((a, b) => a - b)

chapter('Bob is killed while Alice keeps writing')
bob.quiet = alice.quiet = true
const firstAddress = bob.announcedAddress
let killed: Promise<void> | undefined
let restarted: Promise<void> | undefined
for (let i = 1; i <= 60; i++) {
  await alice.send(bob, `note ${i} of 60`)
  if (i === 20) {
    tell('you', 'SIGKILL Bob')
    killed = bob.kill()
  }
  if (i === 40) {
    await killed
    tell(
      'Alice',
      `was told that ${count(alice.accepted.length - alice.delivered.size, 'message')} not delivered yet are accepted`,
    )
    restarted = bob.start(tracker)
  }
  await new Promise((resolve) => setTimeout(resolve, 25))
}
await restarted
tell('Bob', `is back: same key, same database, another port (${firstAddress} → ${bob.announcedAddress})`)
await alice.until(() => alice.accepted.every((id) => alice.delivered.has(id)), 'all of Alice is delivered')
tell('Alice', `everything she was told is accepted is delivered: ${count(alice.accepted.length, 'message')}`)
await alice.until(() => alice.received.length >= GREETINGS.length + 61, 'all of Bob is delivered')

await Promise.all([alice.stop(), bob.stop()])
trackerProcess.send('close')
await once(trackerProcess, 'exit')

const verdict = await audit(alice, bob)
const handshakeMs = Math.min(...alice.handshakesMs)
const medianRoundTripMs = roundTripsMs[Math.floor(roundTripsMs.length / 2)]!
const good =
  verdict.lost === 0 && verdict.duplicated === 0 && verdict.reordered === 0 && bob.announcedAddress !== firstAddress

chapter('What the two databases say')
table([
  ['accepted', String(verdict.accepted), 'messages in both directions that a sender was told are safe'],
  ['delivered', String(verdict.delivered), 'of these, found in the database of the receiver'],
  ['lost', String(verdict.lost), ''],
  ['duplicated', String(verdict.duplicated), ''],
  ['out of order', String(verdict.reordered), ''],
  [
    'round trip',
    `${medianRoundTripMs.toFixed(1)} ms`,
    'median, from send() until the other side has it on disk and says so',
  ],
  ['handshake', `${handshakeMs.toFixed(1)} ms`, 'mutual authentication, seven frames'],
])
console.log(
  `\n${good ? paint('green', 'Nothing lost, nothing doubled.') : paint('red', 'This is not how it should be.')}`,
)
if (json)
  console.log(
    JSON.stringify({
      ...verdict,
      medianRoundTripMs: Number(medianRoundTripMs.toFixed(3)),
      handshakeMs: Number(handshakeMs.toFixed(3)),
      kills: 1,
    }),
  )
process.exitCode = good ? 0 : 1
