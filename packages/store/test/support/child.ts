// A process of its own for tests that kill one. It is told what to do by one JSON argument, and says so on stdout.
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type DriverChoice, type DriverName, openDatabase } from '../../src/index.js'
import { APPLICATION_ID } from './open.js'

export interface ChildTask {
  readonly task: 'hold' | 'write' | 'open'
  readonly path: string
  readonly driver: DriverName
  /** Where to load the driver from, for one that is not beside this package. */
  readonly modulePath?: string
  readonly exclusive?: boolean
  /** Become this user first: the superuser may write everything. */
  readonly uid?: number
  /** Start up, but do nothing before a line comes in on stdin. */
  readonly wait?: boolean
  /** For `write`: the ids written are this and up; where each is noted once its promise resolved. */
  readonly firstId?: number
  readonly logPath?: string
}

const task = JSON.parse(process.argv[2]!) as ChildTask
const require = createRequire(import.meta.url)
const driver: DriverChoice =
  task.modulePath === undefined ? task.driver : { name: task.driver, module: require(task.modulePath) as unknown }

if (task.uid !== undefined) {
  // What the program is made of is loaded while it may still be read.
  openDatabase(':memory:', { applicationId: APPLICATION_ID, migrations: [], driver }).close()
  process.setgid!(task.uid)
  process.setuid!(task.uid)
}
if (task.wait) await once(process.stdin, 'data')
process.stdin.destroy()
try {
  const db = openDatabase(task.path, {
    applicationId: APPLICATION_ID,
    migrations: ['CREATE TABLE note (id INTEGER NOT NULL, body BLOB NOT NULL)'],
    exclusive: task.exclusive ?? true,
    driver,
  })
  say('ready')
  if (task.task === 'hold') setInterval(() => {}, 1_000_000)
  if (task.task === 'open') db.close()
  if (task.task === 'write') {
    const insert = db.prepare('INSERT INTO note VALUES (?, ?)')
    const logPath = task.logPath!
    for (let id = task.firstId!; ; ) {
      // A handful at once, as many as there are; every seventh fails after its insert, and must leave nothing behind.
      const batch: Promise<void>[] = []
      for (let count = 0; count <= id % 5; count++, id++) {
        const own = id
        const work = (): void => {
          insert.run(own, new Uint8Array(100))
          if (own % 7 === 0) throw new Error('a work that fails')
        }
        const note = (): void => {
          appendFileSync(logPath, `${own}\n`)
          say(String(own))
        }
        batch.push(db.write(work).then(note, () => {}))
      }
      await Promise.all(batch)
    }
  }
} catch (error) {
  const { code, message } = error as { code?: string; message: string }
  say(`failed ${code}: ${message}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
