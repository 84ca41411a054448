import { describe, expect, test } from 'vitest'
import { Emitter } from '../src/index.js'

function create() {
  const thrown: unknown[] = []
  const emitter = new Emitter<{ note: string; count: number }>((error) => thrown.push(error))
  const seen: unknown[] = []
  return { emitter, thrown, seen }
}

describe('Emitter', () => {
  test('tells every listener of that event, in the order they came', () => {
    const { emitter, seen } = create()
    emitter.on('note', (event) => seen.push(['first', event]))
    emitter.on('note', (event) => seen.push(['second', event]))
    emitter.on('count', (event) => seen.push(event))
    emitter.emit('note', 'hello')
    expect(seen).toEqual([
      ['first', 'hello'],
      ['second', 'hello'],
    ])
  })

  test('an event without listeners is no error, and whoever emits it is told', () => {
    const { emitter } = create()
    expect(emitter.emit('note', 'nobody')).toBe(false)
    emitter.on('note', () => {})
    expect([emitter.emit('note', 'somebody'), emitter.emit('count', 1)]).toEqual([true, false])
  })

  test('a listener comes once however often it is put on, and goes by off or by what on gave back', () => {
    const { emitter, seen } = create()
    const listener = (event: number): void => void seen.push(event)
    const off = emitter.on('count', listener)
    emitter.on('count', listener)
    emitter.emit('count', 1)
    off()
    off()
    emitter.emit('count', 2)
    emitter.on('count', listener)
    emitter.off('count', listener)
    emitter.off('note', () => {})
    emitter.emit('count', 3)
    expect(seen).toEqual([1])
  })

  test('a listener that throws is reported and stops nobody', () => {
    const { emitter, thrown, seen } = create()
    const error = new Error('a bug')
    emitter.on('note', () => {
      throw error
    })
    emitter.on('note', (event) => seen.push(event))
    emitter.emit('note', 'hello')
    expect(thrown).toEqual([error])
    expect(seen).toEqual(['hello'])
  })

  test('an async listener that fails is reported like any other', async () => {
    const { emitter, thrown } = create()
    const error = new Error('a bug')
    emitter.on('note', async () => {
      throw error
    })
    emitter.emit('note', 'hello')
    await Promise.resolve()
    expect(thrown).toEqual([error])
  })

  test('listeners put on or taken off meanwhile count from the next event on', () => {
    const { emitter, seen } = create()
    emitter.on('count', (event) => {
      seen.push(['outer', event])
      emitter.on('count', (inner) => seen.push(['inner', inner]))
    })
    emitter.emit('count', 1)
    emitter.emit('count', 2)
    expect(seen).toEqual([
      ['outer', 1],
      ['outer', 2],
      ['inner', 2],
    ])
  })
})
