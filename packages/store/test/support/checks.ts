// What every driver has to do the same way, as a list without a test framework: run in this process, or by another Node.
import assert from 'node:assert/strict'
import { appendFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Database,
  type DriverModule,
  type DriverName,
  isStoreError,
  type OpenOptions,
  openDatabase,
  type StoreError,
  type StoreErrorCode,
  type Value,
} from '../../src/index.js'
import { APPLICATION_ID, withFolder } from './open.js'
import { type Child, startChild } from './process.js'

export interface DriverUnderTest {
  readonly name: DriverName
  /** The library, when it is not beside this package; and from where a child process gets it. */
  readonly module?: unknown
  readonly modulePath?: string
}

export interface Check {
  readonly name: string
  run(): Promise<void>
}

const MAX_INT64 = 2n ** 63n - 1n
const MIN_INT64 = -(2n ** 63n)

export function storeChecks(driver: DriverUnderTest, { kills = 5 }: { kills?: number } = {}): Check[] {
  const choice: DriverName | DriverModule =
    driver.module === undefined ? driver.name : { name: driver.name, module: driver.module }
  const open = (path: string, options: Partial<OpenOptions> = {}): Database =>
    openDatabase(path, { applicationId: APPLICATION_ID, migrations: [], driver: choice, ...options })
  const inMemory = (run: (db: Database) => Promise<void> | void) => async () => {
    const db = open(':memory:')
    try {
      await run(db)
    } finally {
      db.close()
    }
  }
  const inFolder = (run: (folder: string) => Promise<void> | void) => () => withFolder(run)
  const child = { driver: driver.name, ...(driver.modulePath !== undefined && { modulePath: driver.modulePath }) }

  return [
    {
      name: 'values come back as they went in, with the same types',
      run: inMemory((db) => {
        assert.equal(db.driver, driver.name)
        const echo = db.prepare('SELECT ? AS value, typeof(?) AS type')
        const exact = db.prepare('SELECT ? AS value', { bigints: true })
        const cases: [Value, string][] = [
          [null, 'null'],
          [0, 'integer'],
          [-5, 'integer'],
          [2 ** 40, 'integer'],
          [Number.MAX_SAFE_INTEGER, 'integer'],
          [Number.MIN_SAFE_INTEGER, 'integer'],
          [1.5, 'real'],
          [-1e-300, 'real'],
          ['', 'text'],
          ['grün 🌱', 'text'],
          [new Uint8Array(0), 'blob'],
          [Uint8Array.of(1, 0, 255), 'blob'],
        ]
        for (const [value, type] of cases) {
          const row = echo.get(value, value)
          assert.deepEqual({ ...row }, { value, type })
          if (value instanceof Uint8Array) assert.equal(Object.getPrototypeOf(row!['value']), Uint8Array.prototype)
        }
        for (const value of [MAX_INT64, MIN_INT64, 2n ** 53n, 7n]) {
          assert.deepEqual({ ...exact.get(value) }, { value })
          assert.deepEqual({ ...echo.get(0, value) }, { value: 0, type: 'integer' })
        }
        assert.deepEqual({ ...exact.get(7) }, { value: 7n })
        assert.deepEqual({ ...exact.get(1.5) }, { value: 1.5 })
      }),
    },
    {
      name: 'a lone blob is one parameter, and a view keeps to its part of the memory',
      run: inMemory((db) => {
        const bytes = Uint8Array.of(9, 1, 2, 3, 9)
        for (const view of [bytes.subarray(1, 4), Buffer.from(bytes.buffer, 1, 3)]) {
          const expected = Uint8Array.of(1, 2, 3)
          assert.deepEqual(db.prepare('SELECT ? AS value').get(view)!['value'], expected)
          assert.deepEqual(db.prepare('SELECT ? AS value').all(view)[0]!['value'], expected)
        }
        db.exec('CREATE TABLE t (a BLOB)')
        assert.equal(db.prepare('INSERT INTO t VALUES (?)').run(bytes).changes, 1)
        assert.equal(db.prepare('SELECT length(a) AS n FROM t').get()!['n'], 5)
      }),
    },
    {
      name: 'text that SQLite libraries mangle is stored with replacement characters',
      run: inMemory((db) => {
        const echo = db.prepare('SELECT ? AS value')
        assert.equal(echo.get('a\0b')!['value'], 'a\ufffdb')
        assert.equal(echo.get('x\ud800y')!['value'], 'x\ufffdy')
        assert.equal(echo.get('\udc00')!['value'], '\ufffd')
        assert.equal(echo.get('🌱\ud83c')!['value'], '🌱\ufffd')
      }),
    },
    {
      name: 'parameters that do not fit throw TypeError, and nothing happens',
      run: inMemory((db) => {
        db.exec('CREATE TABLE t (a)')
        const insert = db.prepare('INSERT INTO t VALUES (?)')
        const bad: unknown[] = [
          undefined,
          true,
          {},
          [1],
          () => 1,
          Symbol('x'),
          new Date(0),
          new ArrayBuffer(1),
          Number.NaN,
          Number.POSITIVE_INFINITY,
          MAX_INT64 + 1n,
          MIN_INT64 - 1n,
          2n ** 70n,
        ]
        for (const value of bad) assert.throws(() => insert.run(value as Value), TypeError)
        assert.throws(() => insert.run(), /expected 1 parameters, got 0/)
        assert.throws(() => insert.run(1, 2), /expected 1 parameters, got 2/)
        assert.throws(() => db.prepare('SELECT ?').get(), TypeError)
        assert.throws(() => db.prepare('SELECT ?').all(1, 2), TypeError)
        for (const sql of [
          '',
          '-- nothing',
          'SELECT 1; SELECT 2',
          'SELECT ?1',
          'SELECT :a',
          'SELECT @a',
          'SELECT $a',
        ]) {
          assert.throws(() => db.prepare(sql), TypeError, sql)
        }
        assert.equal(db.prepare('SELECT count(*) AS n FROM t').get()!['n'], 0)
      }),
    },
    {
      name: 'integers beyond 2^53 are refused as numbers, exact as bigints',
      run: inMemory((db) => {
        for (const sql of ['SELECT 9007199254740993 AS value', 'SELECT -9223372036854775808 AS value']) {
          throwsCode(() => db.prepare(sql).get(), 'out-of-range')
          throwsCode(() => db.prepare(sql).all(), 'out-of-range')
        }
        assert.equal(
          db.prepare('SELECT 9007199254740993 AS value', { bigints: true }).get()!['value'],
          9007199254740993n,
        )
        assert.equal(db.prepare('SELECT 9007199254740991 AS value').get()!['value'], 9007199254740991)
      }),
    },
    {
      name: 'run counts changes and gives exact row numbers, also of statements with rows',
      run: inMemory((db) => {
        db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, a)')
        const insert = db.prepare('INSERT INTO t (id, a) VALUES (?, ?)')
        assert.deepEqual({ ...insert.run(1, 'x') }, { changes: 1, lastInsertRowid: 1n })
        const big = 2n ** 60n + 1n
        assert.deepEqual({ ...insert.run(big, 'y') }, { changes: 1, lastInsertRowid: big })
        assert.equal(db.prepare('UPDATE t SET a = a').run().changes, 2)
        const returning = db.prepare('INSERT INTO t (id, a) VALUES (?, ?) RETURNING id, a')
        assert.deepEqual({ ...returning.get(5, 'z') }, { id: 5, a: 'z' })
        assert.deepEqual({ ...returning.run(6, 'z') }, { changes: 1, lastInsertRowid: 6n })
        assert.deepEqual(
          returning.all(7, 'z').map((row) => ({ ...row })),
          [{ id: 7, a: 'z' }],
        )
        assert.equal(db.prepare('DELETE FROM t WHERE id > ?').run(5).changes, 3)
        assert.equal(db.prepare('DELETE FROM t WHERE id > ?').get(100), undefined)
        assert.deepEqual(db.prepare('DELETE FROM t WHERE id > ?').all(100), [])
        assert.equal(db.prepare('SELECT a FROM t WHERE id = ?').get(100), undefined)
        // A statement that is both read and run keeps its way of reading integers.
        insert.run(8, 'w')
        const both = db.prepare('INSERT INTO t (id, a) VALUES (?, ?) RETURNING id')
        both.run(9, '')
        assert.deepEqual({ ...both.get(10, '') }, { id: 10 })
      }),
    },
    {
      name: 'many rows come whole and in order; columns keep their names',
      run: inMemory((db) => {
        db.exec('CREATE TABLE t (a, b)')
        db.transaction(() => {
          const insert = db.prepare('INSERT INTO t VALUES (?, ?)')
          for (let count = 0; count < 250; count++) insert.run(count, new Uint8Array([count & 255]))
        })
        const rows = db.prepare('SELECT a, b AS "the b", NULL AS "1" FROM t ORDER BY a').all()
        assert.equal(rows.length, 250)
        for (const [index, row] of rows.entries()) {
          assert.deepEqual({ ...row }, { a: index, 'the b': Uint8Array.of(index & 255), '1': null })
        }
        assert.equal(db.prepare('SELECT a FROM t ORDER BY a LIMIT 100').all().length, 100)
        assert.equal(db.prepare('SELECT a FROM t ORDER BY a').get()!['a'], 0)
      }),
    },
    {
      name: 'errors of SQLite have our codes and keep their cause',
      run: inMemory((db) => {
        db.exec('CREATE TABLE t (a UNIQUE, b NOT NULL)')
        const insert = db.prepare('INSERT INTO t VALUES (?, ?)')
        insert.run(1, 1)
        const error = throwsCode(() => insert.run(1, 1), 'constraint')
        assert.match(error.message, /UNIQUE/)
        assert.ok(error.cause instanceof Error)
        assert.equal(error.blame, 'local')
        throwsCode(() => insert.run(2, null), 'constraint')
        throwsCode(() => db.exec('INSERT INTO t VALUES (1, 1)'), 'constraint')
        throwsCode(() => db.prepare('SELEC'), 'io')
        throwsCode(() => db.exec('SELECT * FROM nothing'), 'io')
        throwsCode(() => db.prepare('SELECT abs(-9223372036854775808)').get(), 'io')
        throwsCode(() => db.prepare('SELECT abs(-9223372036854775808)').all(), 'io')
      }),
    },
    {
      name: 'transactions: undone as a whole, nested ones alone',
      run: inMemory((db) => {
        db.exec('CREATE TABLE t (a)')
        const insert = db.prepare('INSERT INTO t VALUES (?)')
        assert.equal(
          db.transaction(() => insert.run(1).changes),
          1,
        )
        const bug = new Error('a bug')
        assert.throws(
          () =>
            db.transaction(() => {
              insert.run(2)
              throw bug
            }),
          (error) => error === bug,
        )
        db.transaction(() => {
          insert.run(3)
          assert.throws(() =>
            db.transaction(() => {
              insert.run(4)
              throw bug
            }),
          )
          db.transaction(() => insert.run(5))
        })
        assert.throws(() => db.transaction(async () => {}), TypeError)
        assert.deepEqual(column(db, 'SELECT a FROM t ORDER BY a'), [1, 3, 5])
      }),
    },
    {
      name: 'group commit: one transaction for a turn, in order; who throws fails alone',
      run: inMemory(async (db) => {
        db.exec('CREATE TABLE t (a UNIQUE)')
        const insert = db.prepare('INSERT INTO t VALUES (?)')
        const add = (value: number) => db.write(() => insert.run(value).changes)
        const results = await Promise.allSettled([
          add(1),
          add(2),
          add(1),
          db.write(() => {
            insert.run(3)
            throw new Error('later')
          }),
          db.write(async () => insert.run(4)),
          add(5),
        ])
        assert.deepEqual(
          results.map((result) => (result.status === 'fulfilled' ? result.value : name(result.reason))),
          [1, 1, 'constraint', 'Error', 'TypeError', 1],
        )
        assert.deepEqual(column(db, 'SELECT a FROM t ORDER BY rowid'), [1, 2, 5])
      }),
    },
    {
      name: 'group commit: a failing COMMIT rejects all of the turn and leaves the database usable',
      run: inMemory(async (db) => {
        db.exec('CREATE TABLE parent (id INTEGER PRIMARY KEY)')
        db.exec('CREATE TABLE child (id REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)')
        const parent = db.prepare('INSERT INTO parent VALUES (?)')
        const orphan = db.prepare('INSERT INTO child VALUES (?)')
        const results = await Promise.allSettled([db.write(() => parent.run(1)), db.write(() => orphan.run(99))])
        assert.deepEqual(
          results.map((result) => result.status === 'rejected' && name(result.reason)),
          ['constraint', 'constraint'],
        )
        assert.deepEqual(column(db, 'SELECT id FROM parent'), [])
        await db.write(() => parent.run(2))
        assert.deepEqual(column(db, 'SELECT id FROM parent'), [2])
      }),
    },
    {
      name: 'a full disk: full, nothing of the turn is kept, and all is well when there is room again',
      run: inFolder(async (folder) => {
        const db = open(join(folder, 'full.db'), { migrations: ['CREATE TABLE t (a)'] })
        const insert = db.prepare('INSERT INTO t VALUES (?)')
        db.exec('PRAGMA max_page_count = 10')
        const results = await Promise.allSettled([
          db.write(() => insert.run(1)),
          db.write(() => {
            try {
              insert.run(new Uint8Array(100_000))
            } catch {
              // A work that swallows the failure must not go on outside of its transaction.
            }
            insert.run(2)
          }),
          db.write(() => insert.run(3)),
        ])
        for (const result of results) assert.equal(result.status === 'rejected' && name(result.reason), 'full')
        throwsCode(() => db.transaction(() => insert.run(new Uint8Array(100_000))), 'full')
        throwsCode(() => insert.run(new Uint8Array(100_000)), 'full')
        await db.write(() => insert.run('small'))
        db.exec('PRAGMA max_page_count = 1000000')
        await db.write(() => insert.run('large'))
        assert.deepEqual(column(db, 'SELECT a FROM t'), ['small', 'large'])
        db.close()
      }),
    },
    {
      name: 'after close everything says closed, and the second close is silent',
      run: inFolder(async (folder) => {
        const path = join(folder, 'a.db')
        const db = open(path, { migrations: ['CREATE TABLE t (a)'] })
        const select = db.prepare('SELECT a FROM t')
        const written = db.write(() => db.prepare('INSERT INTO t VALUES (7)').run())
        db.transaction(() => throwsCode(() => db.close(), 'misuse'))
        db.close()
        db.close()
        await written
        for (const use of [
          () => select.get(),
          () => select.all(),
          () => select.run(),
          () => db.prepare('SELECT 1'),
          () => db.exec('SELECT 1'),
          () => db.transaction(() => {}),
        ]) {
          throwsCode(use, 'closed')
        }
        await rejectsCode(
          db.write(() => {}),
          'closed',
        )
        await rejectsCode(db.backup(join(folder, 'b.db')), 'closed')
        await db.flush()
        const again = open(path, { migrations: ['CREATE TABLE t (a)'] })
        assert.deepEqual(column(again, 'SELECT a FROM t'), [7])
        again.close()
      }),
    },
    {
      name: 'the file is private, in WAL mode, and durable as asked',
      run: inFolder((folder) => {
        for (const [durability, synchronous] of [
          ['power', 2],
          ['process', 1],
        ] as const) {
          const path = join(folder, `${durability}.db`)
          const db = open(path, { durability, migrations: ['CREATE TABLE t (a)'] })
          db.exec('INSERT INTO t VALUES (1)')
          assert.equal(db.prepare('SELECT journal_mode AS m FROM pragma_journal_mode').get()!['m'], 'wal')
          assert.equal(db.prepare('SELECT synchronous AS s FROM pragma_synchronous').get()!['s'], synchronous)
          assert.equal(db.prepare('SELECT foreign_keys AS f FROM pragma_foreign_keys').get()!['f'], 1)
          if (process.platform !== 'win32') {
            for (const file of [path, `${path}-wal`]) assert.equal(statSync(file).mode & 0o777, 0o600)
          }
          db.close()
          assert.ok(!existsSync(`${path}-wal`), 'the log was not written back by close')
        }
      }),
    },
    {
      name: 'migrations: those that lack are run, in one transaction',
      run: inFolder((folder) => {
        const path = join(folder, 'a.db')
        const first = 'CREATE TABLE t (a); INSERT INTO t VALUES (1)'
        const second = 'ALTER TABLE t ADD COLUMN b; UPDATE t SET b = a + 1'
        open(path, { migrations: [first] }).close()
        throwsCode(() => open(path, { migrations: [first, second, 'CREATE TABLE t (again)'] }), 'io')
        const same = open(path, { migrations: [first] })
        assert.deepEqual({ ...same.prepare('SELECT * FROM t').get() }, { a: 1 })
        same.close()
        const db = open(path, { migrations: [first, second] })
        assert.deepEqual({ ...db.prepare('SELECT * FROM t').get() }, { a: 1, b: 2 })
        assert.equal(db.prepare('SELECT user_version AS v FROM pragma_user_version').get()!['v'], 2)
        db.close()
        const before = readFileSync(path)
        throwsCode(() => open(path, { migrations: [first] }), 'newer')
        assert.deepEqual(readFileSync(path), before)
      }),
    },
    {
      name: 'files that are not ours are refused and left as they are',
      run: inFolder((folder) => {
        const other = join(folder, 'other.db')
        open(other, { applicationId: 77, migrations: ['CREATE TABLE t (a)'] }).close()
        const anonymous = join(folder, 'anonymous.db')
        const db = open(anonymous, { migrations: ['CREATE TABLE t (a)'] })
        db.exec('PRAGMA application_id = 0')
        db.close()
        const text = join(folder, 'text.db')
        writeFileSync(text, 'this is no database, it only looks like a file '.repeat(100))
        const short = join(folder, 'short.db')
        writeFileSync(short, 'short')
        for (const path of [other, anonymous, text, short]) {
          const before = readFileSync(path)
          const error = throwsCode(() => open(path), 'foreign')
          assert.ok(error.message.includes(path), error.message)
          assert.deepEqual(readFileSync(path), before)
          throwsCode(() => open(path, { exclusive: true }), 'foreign')
          assert.deepEqual(readFileSync(path), before)
        }
        throwsCode(() => open(folder), 'foreign')
        throwsCode(() => open(join(folder, 'no', 'such', 'folder.db')), 'denied')
        const empty = join(folder, 'empty.db')
        writeFileSync(empty, '')
        open(empty, { migrations: ['CREATE TABLE t (a)'] }).close()
      }),
    },
    {
      name: "adopt: a predecessor's file becomes ours; what lacks a table, or has a number, is not one",
      run: inFolder((folder) => {
        const path = join(folder, 'old.db')
        const make = (tables: readonly string[], pragmas = ''): void => {
          const made = open(path, { migrations: [tables.map((name) => `CREATE TABLE ${name} (a);`).join('')] })
          made.exec(`PRAGMA application_id = 0; PRAGMA user_version = 7; ${pragmas}`)
          made.close()
        }
        const options = {
          adopt: { tables: ['t', 'u'] },
          migrations: ['CREATE TABLE IF NOT EXISTS t (a)', 'CREATE TABLE v (a)'],
          exclusive: true,
        }
        make(['t', 'u', 'w'], 'INSERT INTO t VALUES (5)')
        throwsCode(() => open(path, { ...options, adopt: { tables: ['t', 'missing'] } }), 'foreign')
        throwsCode(() => open(path, { ...options, migrations: ['CREATE TABLE u (a)'] }), 'io')
        throwsCode(() => open(path, { migrations: [] }), 'foreign')
        // Once it is ours, it needs no adopting, and its version is ours.
        for (const own of [options, { ...options, adopt: undefined }]) {
          const db = open(path, own)
          assert.deepEqual(column(db, 'SELECT a FROM t'), [5])
          assert.deepEqual(column(db, 'SELECT user_version FROM pragma_user_version'), [2])
          assert.deepEqual(column(db, 'SELECT name FROM sqlite_schema ORDER BY name'), ['t', 'u', 'v', 'w'])
          db.close()
        }
        rmSync(path)
        make(['t', 'u'], 'PRAGMA application_id = 77')
        throwsCode(() => open(path, options), 'foreign')
        rmSync(path)
        const fresh = open(path, options)
        assert.deepEqual(column(fresh, 'SELECT name FROM sqlite_schema ORDER BY name'), ['t', 'v'])
        fresh.close()
      }),
    },
    {
      name: 'a damaged file is corrupt, on opening or on reading',
      run: inFolder((folder) => {
        const path = join(folder, 'a.db')
        const db = open(path, { migrations: ['CREATE TABLE t (a)', 'CREATE TABLE u (a)'] })
        db.exec('INSERT INTO t VALUES (zeroblob(50000))')
        db.close()
        const bytes = readFileSync(path)
        // Behind the header of the file: the root page of the schema.
        bytes.fill(0xee, 100, 4_096)
        writeFileSync(path, bytes)
        throwsCode(() => open(path), 'corrupt')
        writeFileSync(path, bytes.subarray(0, 5_000))
        throwsCode(() => open(path), 'corrupt')
      }),
    },
    {
      name: 'backup: a whole copy, private, never over something',
      run: inFolder(async (folder) => {
        const path = join(folder, 'a.db')
        const db = open(path, { migrations: ['CREATE TABLE t (a)'], exclusive: true })
        const insert = db.prepare('INSERT INTO t VALUES (?)')
        for (let count = 0; count < 100; count++) insert.run(count)
        // A read that stopped at its first row must not be in the way.
        db.prepare('SELECT a FROM t').get()
        void db.write(() => insert.run('queued before the backup'))
        const target = join(folder, 'copy.db')
        await db.backup(target)
        await rejectsCode(db.backup(target), 'exists')
        await rejectsCode(db.backup(join(folder, 'nowhere', 'copy.db')), 'denied')
        writeFileSync(join(folder, 'left.db.partial'), 'of a backup that was cut')
        await db.backup(join(folder, 'left.db'))
        assert.ok(!existsSync(join(folder, 'left.db.partial')))
        if (process.platform !== 'win32') assert.equal(statSync(target).mode & 0o777, 0o600)
        await db.write(() => insert.run('after the backup'))
        db.close()
        const copy = open(target, { migrations: ['CREATE TABLE t (a)'] })
        assert.equal(copy.prepare('SELECT count(*) AS n FROM t').get()!['n'], 101)
        copy.close()
      }),
    },
    {
      name: 'exclusive: a second opener is told at once, in this process; close lets go',
      run: inFolder((folder) => {
        const path = join(folder, 'a.db')
        const migrations = ['CREATE TABLE t (a)']
        const db = open(path, { exclusive: true, migrations })
        const error = throwsCode(() => open(path, { exclusive: true, migrations }), 'in-use')
        assert.match(error.message, /another program/)
        // Statements that still exist must not keep the file.
        const statement = db.prepare('SELECT a FROM t')
        statement.all()
        db.close()
        const again = open(path, { exclusive: true, migrations })
        again.exec('INSERT INTO t VALUES (1)')
        again.close()
        open(path, { exclusive: true, migrations }).close()
      }),
    },
    {
      name: 'exclusive: another process is told at once, and gets the file when the holder is killed',
      run: inFolder(async (folder) => {
        const path = join(folder, 'a.db')
        const migrations = ['CREATE TABLE note (id INTEGER NOT NULL, body BLOB NOT NULL)']
        const holder = startChild({ task: 'hold', path, ...child })
        assert.equal(await holder.line(), 'ready')
        throwsCode(() => open(path, { exclusive: true, migrations }), 'in-use')
        await holder.kill()
        const db = open(path, { exclusive: true, migrations })
        const second = startChild({ task: 'open', path, ...child })
        assert.match((await second.line()) ?? '', /^failed in-use/)
        db.close()
        const third = startChild({ task: 'open', path, ...child })
        assert.equal(await third.line(), 'ready')
        await Promise.all([second.kill(), third.kill()])
      }),
    },
    {
      name: `crash: ${kills} times killed while writing, every write that resolved is there once`,
      run: inFolder(async (folder) => {
        const path = join(folder, 'a.db')
        const logPath = join(folder, 'resolved.log')
        appendFileSync(logPath, '')
        const startWriter = (kill: number): Child =>
          startChild({ task: 'write', wait: true, path, logPath, firstId: 1 + kill * 1_000_000, ...child })
        // Starting a process takes longest: the next one starts while this one works.
        let next = startWriter(0)
        for (let kill = 0; kill < kills; kill++) {
          const writer = next
          next = startWriter(kill + 1)
          writer.go()
          assert.equal(await writer.line(), 'ready')
          // Which write it is in when it dies is up to the system; how many it has done is not.
          for (let count = 0; count <= (kill * 37) % 60; count++) await writer.line()
          await writer.kill()
        }
        await next.kill()
        const resolved = readFileSync(logPath, 'utf8').trim().split('\n').map(Number)
        const db = open(path, { migrations: ['CREATE TABLE note (id INTEGER NOT NULL, body BLOB NOT NULL)'] })
        const counts = new Map<Value, Value>()
        for (const row of db.prepare('SELECT id, count(*) AS n FROM note GROUP BY id').all()) {
          counts.set(row['id']!, row['n']!)
        }
        assert.ok(resolved.length >= kills)
        for (const id of resolved) assert.equal(counts.get(id), 1, `write ${id} resolved`)
        for (const [id, n] of counts) {
          assert.equal(n, 1, `${String(id)} was written once`)
          assert.notEqual(Number(id) % 7, 0, `${String(id)} failed and left something`)
        }
        db.close()
      }),
    },
  ]
}

function column(db: Database, sql: string): Value[] {
  return db
    .prepare(sql)
    .all()
    .map((row) => Object.values(row)[0]!)
}

function name(error: unknown): string {
  return isStoreError(error) ? error.code : error instanceof Error ? error.name : String(error)
}

function throwsCode(run: () => unknown, code: StoreErrorCode): StoreError {
  let thrown: unknown
  try {
    run()
  } catch (error) {
    thrown = error
  }
  return hasCode(thrown, code)
}

async function rejectsCode(promise: Promise<unknown>, code: StoreErrorCode): Promise<void> {
  const reason: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  hasCode(reason, code)
}

function hasCode(error: unknown, code: StoreErrorCode): StoreError {
  assert.ok(error !== undefined, `nothing was thrown, expected ${code}`)
  if (!isStoreError(error)) throw new Error('expected a StoreError', { cause: error })
  assert.equal(error.code, code, error.message)
  return error
}
