import { describe, expect, test } from 'vitest'
import { GroupCommit } from '../src/group-commit.js'

/** Transactions as a list of what happened in them. */
function create(failCommit?: Error) {
  const log: string[] = []
  const group = new GroupCommit({
    transaction: (body) => {
      log.push('begin')
      try {
        body()
        if (failCommit !== undefined) throw failCommit
        log.push('commit')
      } catch (error) {
        log.push('rollback')
        throw error
      }
    },
    savepoint: (body) => {
      log.push('savepoint')
      try {
        body()
        log.push('release')
      } catch (error) {
        log.push('undo')
        throw error
      }
    },
  })
  const work = (name: string, error?: Error) => () => {
    log.push(name)
    if (error !== undefined) throw error
    return name
  }
  return { log, group, work }
}

describe('GroupCommit', () => {
  test('the works of one turn share one transaction, without savepoints', async () => {
    const { log, group, work } = create()
    const results = Promise.all([group.add(work('a')), group.add(work('b')), group.add(work('c'))])
    expect(log).toEqual([])
    expect(await results).toEqual(['a', 'b', 'c'])
    expect(log).toEqual(['begin', 'a', 'b', 'c', 'commit'])
  })

  test('a lone work commits before the next turn of the event loop', async () => {
    const { log, group, work } = create()
    await new Promise<void>((resolve) => {
      // From a timer, the flush comes in the same turn, and this later one after it.
      setTimeout(() => {
        void group.add(work('a'))
        setImmediate(() => {
          expect(log).toEqual(['begin', 'a', 'commit'])
          resolve()
        })
      })
    })
  })

  test('works queued by works and by those who waited come in the next transaction', async () => {
    const { log, group, work } = create()
    let inner: Promise<string> | undefined
    await group.add(() => {
      inner = group.add(work('inner'))
    })
    expect(log).toEqual(['begin', 'commit'])
    await Promise.all([inner, group.add(work('after'))])
    expect(log).toEqual(['begin', 'commit', 'begin', 'inner', 'after', 'commit'])
  })

  test('when one throws, all run once more, each in a savepoint', async () => {
    const { log, group, work } = create()
    const bug = new Error('a bug')
    const results = await Promise.allSettled([
      group.add(work('a')),
      group.add(work('b', bug)),
      group.add(work('c')),
      group.add(work('d', bug)),
    ])
    expect(results).toEqual([
      { status: 'fulfilled', value: 'a' },
      { status: 'rejected', reason: bug },
      { status: 'fulfilled', value: 'c' },
      { status: 'rejected', reason: bug },
    ])
    expect(log).toEqual([
      ...['begin', 'a', 'b', 'rollback'],
      'begin',
      ...['savepoint', 'a', 'release', 'savepoint', 'b', 'undo', 'savepoint', 'c', 'release', 'savepoint', 'd', 'undo'],
      'commit',
    ])
  })

  test('a lone work that throws runs once', async () => {
    const { log, group, work } = create()
    const bug = new Error('a bug')
    await expect(group.add(work('a', bug))).rejects.toBe(bug)
    expect(log).toEqual(['begin', 'a', 'rollback'])
  })

  test('a COMMIT that fails rejects all, and is not tried again', async () => {
    const full = new Error('full')
    const { log, group, work } = create(full)
    const results = await Promise.allSettled([group.add(work('a')), group.add(work('b'))])
    expect(results.map((result) => result.status === 'rejected' && result.reason)).toEqual([full, full])
    expect(log).toEqual(['begin', 'a', 'b', 'rollback'])
  })

  test('a COMMIT that fails in the second attempt rejects all, also those that had thrown', async () => {
    const full = new Error('full')
    const { group, work } = create(full)
    const results = await Promise.allSettled([group.add(work('a')), group.add(work('b', new Error('a bug')))])
    expect(results.map((result) => result.status === 'rejected' && result.reason)).toEqual([full, full])
  })

  test('a promise is no result', async () => {
    const { group, work } = create()
    const results = await Promise.allSettled([group.add(work('a')), group.add(async () => {})])
    expect(results).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { name: 'TypeError' } }])
  })

  test('flush commits at once, and nothing is left for the end of the turn', async () => {
    const { log, group, work } = create()
    const added = group.add(work('a'))
    group.flush()
    expect(log).toEqual(['begin', 'a', 'commit'])
    group.flush()
    await added
    await new Promise((resolve) => setImmediate(resolve))
    expect(log).toEqual(['begin', 'a', 'commit'])
  })
})
