// The story: two people who know only each other's public key find each other through a tracker, prove who they are,
// talk, and lose no message although one of them is killed in the middle.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { audit } from './audit.js'
import { Person } from './people.js'
import { makePicture } from './picture.js'
import { folder, start } from './processes.js'
import type { Place, TrackerSettings } from './protocol.js'
import { chapter, count, paint, short, table, tell } from './story.js'

/** What is different from network to network. */
export interface Network {
  readonly title: string
  /** Where tracker and people are. */
  readonly place: Omit<Place, 'tracker'>
  /** Somebody who comes back after a kill is found at another address. */
  readonly moves: boolean
  /** What else the last line of JSON tells. */
  readonly facts: Readonly<Record<string, string>>
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

/** @returns whether nothing was lost or doubled */
export async function job(network: Network, json: boolean): Promise<boolean> {
  chapter(network.title)
  const trackerSettings: TrackerSettings = { ...network.place, database: join(folder, 'tracker.sqlite') }
  const trackerProcess: ChildProcess = start('tracker', trackerSettings)
  const [{ address: tracker }] = (await once(trackerProcess, 'message')) as [{ address: string }]
  tell('tracker', `listening on ${tracker}`)

  const place: Place = { ...network.place, tracker }
  const bob = new Person('Bob')
  const alice = new Person('Alice')
  await Promise.all([bob.start(place), alice.start(place)])

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
      restarted = bob.start(place)
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  await restarted
  if (network.moves)
    tell('Bob', `is back: same key, same database, another port (${firstAddress} → ${bob.announcedAddress})`)
  else tell('Bob', `is back: same key, same database, same address ${bob.announcedAddress}`)
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
    verdict.lost === 0 &&
    verdict.duplicated === 0 &&
    verdict.reordered === 0 &&
    (bob.announcedAddress !== firstAddress) === network.moves

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
        ...network.facts,
      }),
    )
  return good
}
