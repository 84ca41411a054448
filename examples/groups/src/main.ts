// A group over a mediator: who may do what, a member who was away, and a mediator that dies in the middle, without one
// message lost or doubled.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { audit } from './audit.js'
import { killAll, MediatorProcess, Member, Refused } from './processes.js'
import { chapter, count, paint, short, table, tell } from './story.js'

const json = process.argv.includes('--json')
const unknown = process.argv.slice(2).filter((argument) => argument !== '--json')
if (unknown.length > 0) {
  console.error(`unknown argument ${unknown[0]}: this program takes --json or nothing`)
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'mimir-groups-'))
process.on('exit', () => {
  killAll()
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
process.on('uncaughtException', (error) => {
  console.error(`the demonstration failed: ${error.message}`)
  process.exit(1)
})

const mediator = new MediatorProcess(folder)
const [ann, ben, cat, dan] = ['Ann', 'Ben', 'Cat', 'Dan'].map((name) => new Member(name, folder)) as [
  Member,
  Member,
  Member,
  Member,
]

const TEXTS: readonly (readonly [Member, string])[] = [
  [ann, 'Ben, Привет!'],
  [ann, 'Cat, こんにちは'],
  [ann, 'Dan, مرحبا'],
  [ben, 'שלום, everybody'],
  [ben, 'Ann, नमस्ते'],
  [cat, '大家好'],
  [cat, 'Ben, 안녕'],
  [dan, 'Γειά σας'],
  [dan, 'Cat, ሰላም'],
  [ann, '👋🏽 👩‍💻 → 👨‍🚀'],
]

/** Everything that `author` was told is accepted has arrived at these members. */
async function arrived(author: Member, readers: readonly Member[]): Promise<void> {
  for (const reader of readers)
    if (reader !== author)
      await reader.until(
        () => author.accepted.every((id) => reader.received.has(id)),
        `${reader.name} has all of ${author.name}'s messages`,
      )
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

/** What somebody is not allowed to do. */
async function refused(asking: Promise<unknown>): Promise<string> {
  try {
    await asking
  } catch (error) {
    // Keys are long, and say nothing to a reader.
    if (error instanceof Refused) return error.message.replace(/[\da-f]{64}/g, short)
    throw error
  }
  throw new Error('it was allowed')
}

chapter('One mediator, one group')
await mediator.start()
tell('mediator', `listening on ${mediator.address}, key ${short(mediator.publicKey)}`)
const everybody = [ann, ben, cat, dan]
await Promise.all(everybody.map((member) => member.start(mediator)))
const { id: group } = await ann.ask({ do: 'create', name: 'Tea at five' })
tell('Ann', `made the group 'Tea at five', and a key for it that the mediator never sees`)
for (const member of [ben, cat, dan]) {
  await ann.ask({ do: 'invite', person: member.publicKey })
  await member.join()
  tell(member.name, `was invited by Ann (${short(ann.publicKey)}), opened the key, joined`)
}

chapter('They talk')
for (const [author, text] of TEXTS) {
  const id = await author.send(text)
  await author.until(() => author.delivered.has(id), 'the mediator has the message')
}
const answers = TEXTS.filter(([, text]) => everybody.some(({ name }) => text.startsWith(`${name}, `)))
for (const member of everybody) {
  await arrived(member, everybody)
  const own = TEXTS.filter(([author]) => author === member).length
  const ownAnswers = answers.filter(([, text]) => text.startsWith(`${member.name}, `)).length
  const expected = TEXTS.length - own + answers.length - ownAnswers
  await member.until(() => member.received.size === expected, `${member.name} has every message and every answer`)
}
const roundTripsMs = everybody.flatMap((member) => member.roundTripsMs).sort((a, b) => a - b)

chapter('Who may do what')
tell('Dan', `tries to ban Cat: ${await refused(dan.ask({ do: 'ban', person: cat.publicKey }))}`)
await ann.ask({ do: 'setRole', person: ben.publicKey, role: 'moderator' })
tell('Ann', 'made Ben a moderator')
const bannedAtMs = Date.now()
await ben.ask({ do: 'ban', person: dan.publicKey })
await dan.until(() => dan.isBanned, 'Dan knows that he is banned')
tell('Ben', 'banned Dan')
tell('Dan', `tries to write: ${await refused(dan.send('let me in'))}`)
await ann.ask({ do: 'rotateKey' })
await Promise.all([ben.join(), cat.join()])
tell('Ann', 'changed the key: whatever Dan gets hold of from now on, he cannot read it')
const { members } = await ann.ask({ do: 'members' })
tell('Ann', `sees in the group: ${members!.map(({ name, role }) => `${name} (${role})`).join(', ')}`)

chapter('Cat is away, and the mediator is killed')
const others = [ann, ben, cat]
for (const member of others) member.quiet = true
tell('you', 'SIGKILL Cat')
await cat.kill()
for (let i = 1; i <= 60; i++) {
  const author = i % 2 === 0 ? ann : ben
  await author.send(`note ${i} of 60`)
  if (i === 20) {
    tell('you', 'SIGKILL the mediator')
    await mediator.kill()
  }
  if (i === 40) {
    const waiting = [ann, ben].map(({ accepted, delivered }) => accepted.filter((id) => !delivered.has(id)).length)
    tell('Ann', `was told that ${count(waiting[0]!, 'message')} the mediator does not have are accepted`)
    tell('Ben', `was told the same of ${waiting[1]}`)
    await mediator.start()
    tell('mediator', 'is back, with the same key and database')
  }
  await pause(20)
}
for (const member of [ann, ben]) await arrived(member, [ann, ben])
tell('Ann', 'has everything that Ben wrote, and he what she wrote')
const before = cat.received.size
await cat.start(mediator)
for (const member of [ann, ben]) await arrived(member, others)
tell('Cat', `is back and caught up: ${count(cat.received.size - before, 'message')}`)
const last = await cat.send('what did I miss?')
await cat.until(() => cat.delivered.has(last), 'the mediator has the last message')
await arrived(cat, others)

await Promise.all(everybody.map((member) => member.stop()))
await mediator.stop()

const verdict = await audit(
  everybody.map((member) => ({
    name: member.name,
    folder: member.folder,
    publicKey: member.publicKey,
    accepted: member.accepted,
    ...(member === dan && { bannedAtMs }),
  })),
  group!,
)
const medianRoundTripMs = roundTripsMs[Math.floor(roundTripsMs.length / 2)]!
const { accepted, delivered, lost, duplicated, reordered, afterBan } = verdict
const good = accepted > 0 && [lost, duplicated, reordered, afterBan].every((number) => number === 0)

chapter('What the four databases say')
table([
  ['accepted', String(accepted), 'a message for three others counts three times; from those who were told it is safe'],
  ['delivered', String(delivered), 'of these, found in the database of that member'],
  ['lost', String(lost), ''],
  ['duplicated', String(duplicated), ''],
  ['out of order', String(reordered), ''],
  ['after the ban', String(afterBan), 'of what was written then, found at Dan, or of Dan at others'],
  ['round trip', `${medianRoundTripMs.toFixed(1)} ms`, 'median, from send() until the mediator has it on disk'],
])
console.log(
  `\n${good ? paint('green', 'Nothing lost, nothing doubled.') : paint('red', 'This is not how it should be.')}`,
)
if (json) console.log(JSON.stringify({ ...verdict, medianRoundTripMs: Number(medianRoundTripMs.toFixed(3)), kills: 2 }))
process.exitCode = good ? 0 : 1
