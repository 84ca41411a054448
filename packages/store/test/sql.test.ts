import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countParameters } from '../src/sql.js'

describe('countParameters', () => {
  test.each([
    ['SELECT 1', 0],
    ['SELECT ?', 1],
    ['INSERT INTO t VALUES (?,?, ?)', 3],
    ['SELECT ?;', 1],
    ['SELECT ? ; -- and no more\n', 1],
    ["SELECT '?', ?", 1],
    ["SELECT 'it''s ?', ?", 1],
    ['SELECT "a?", `b?`, [c?], ?', 1],
    ['SELECT "a""?", ?', 1],
    ['SELECT ? -- ?', 1],
    ['SELECT ? -- ?\n, ?', 2],
    ['SELECT /* ? ; */ ?', 1],
    ['SELECT ? /* never closed ?', 1],
    ["SELECT ':a; @b', $$", 0],
    ["SELECT a -> 'b', c ->> '$.d'", 0],
    [';;SELECT 1;;', 0],
  ])('%j has %i', (sql, count) => {
    expect(countParameters(sql)).toBe(count)
  })

  test.each(['', ' ', ';', '-- x', '/* x */', 'SELECT 1; SELECT 2', "SELECT ';'; 'x'"])(
    '%j is not one statement',
    (sql) => {
      expect(() => countParameters(sql)).toThrow(/expected one SQL statement/)
    },
  )

  test.each(['SELECT ?1', 'SELECT :name', 'SELECT @name', 'SELECT $name'])(
    '%j has parameters of another kind',
    (sql) => {
      expect(() => countParameters(sql)).toThrow(/expected plain \?/)
    },
  )

  test('any text gives a count or a TypeError, at once', () => {
    const pieces = ["'", '"', '`', '[', ']', '--', '\n', '/*', '*/', '?', ';', 'x', ' ', ':', '1']
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...pieces), maxLength: 60 }), (sql) => {
        try {
          expect(countParameters(sql)).toBeLessThanOrEqual(60)
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError)
        }
      }),
      { seed: 4, numRuns: 5_000 },
    )
  })
})
