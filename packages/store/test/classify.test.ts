import { describe, expect, test } from 'vitest'
import { classify } from '../src/classify.js'
import { isStoreError, StoreError } from '../src/index.js'

describe('classify', () => {
  test.each([
    // As better-sqlite3 and libsql say it, as Node says it, and as libsql says it when it opens a file.
    [{ code: 'SQLITE_BUSY' }, 'in-use'],
    [{ code: 'SQLITE_BUSY_RECOVERY' }, 'in-use'],
    [{ code: 'SQLITE_READONLY_DBMOVED' }, 'read-only'],
    [{ code: 'SQLITE_CONSTRAINT_UNIQUE' }, 'constraint'],
    [{ code: 'ERR_SQLITE_ERROR', errcode: 2067 }, 'constraint'],
    [{ code: 'ERR_SQLITE_ERROR', errcode: 13 }, 'full'],
    [{ code: 'ERR_SQLITE_ERROR', errcode: 1 }, 'io'],
    [{ message: 'ConnectionFailed("Unable to open connection to local database x: 14")' }, 'denied'],
    [{ message: 'database disk image is malformed' }, 'corrupt'],
    [{ message: 'file is not a database' }, 'foreign'],
    [{ code: 'EACCES' }, 'denied'],
    [{ code: 'EROFS' }, 'read-only'],
    [{ code: 'ENOSPC' }, 'full'],
    [{ code: 'EMFILE' }, 'io'],
    [{ message: 'who knows' }, 'io'],
  ])('%j is %s', (fields, code) => {
    const cause = Object.assign(new Error('it failed'), fields)
    const error = classify(cause, 'cannot open x.db')
    expect(error).toMatchObject({ name: 'StoreError', code, blame: 'local', cause })
    expect(error.message).toMatch(/^cannot open x\.db: /)
    expect(error.message).toContain(cause.message)
  })

  test('our own errors pass, and what is no error is still told', () => {
    const own = new StoreError('newer', 'x')
    expect(classify(own, 'y')).toBe(own)
    expect(classify('a text', 'y')).toMatchObject({ code: 'io', message: 'y: a text' })
    expect(classify(undefined, 'y')).toMatchObject({ code: 'io' })
    expect(isStoreError(own)).toBe(true)
    expect(isStoreError(new Error('x'))).toBe(false)
  })
})
