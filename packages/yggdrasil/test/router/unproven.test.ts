import { describe, expect, test } from 'vitest'
import { keyId } from '../../src/key.js'
import { Bench, childOf, rootOf } from './support/puppet.js'

// A greeting can be repeated by anybody who has seen it: such a link says a key, and never answers a request.

describe('a link that repeats a greeting of somebody', () => {
  test('does not keep a parent that is gone', () => {
    const bench = new Bench()
    const root = bench.someone(1)
    const [lost, other] = [bench.neighbour(root, { port: 5n }), bench.neighbour(undefined, { latencyMs: 50, port: 6n })]
    lost.announceRoot()
    bench.advance(1000)
    expect(bench.router.tree().parent).toEqual(lost.publicKey)
    other.announce(childOf(other.identity, root, 9n, 1n))
    other.answer(6n)
    // It has signed already that we may be its child once more.
    lost.answer(5n)
    bench.link(root)
    lost.remove()
    bench.advance(1000)
    expect(bench.router.tree()).toMatchObject({ parent: other.publicKey, coordinates: [9n, 6n] })
    bench.advance(250_000)
    expect(bench.router.tree().parent).not.toEqual(root.publicKey)
  })

  test('is told nothing of the tree until it is proven, then all that its node was told', () => {
    const bench = new Bench()
    const parent = bench.parent()
    bench.advance(1000)
    const second = bench.link(parent.identity)
    parent.takeAll()
    parent.answer(6n)
    bench.advance(2000)
    expect(parent.announces().map(({ key }) => keyId(key))).toEqual([bench.id])
    expect(second.announces()).toEqual([])
    second.answer()
    const told = second.announces().map(({ key }) => keyId(key))
    expect(told.sort()).toEqual([bench.id, parent.keyId].sort())
  })

  test('cannot claim for its node to have what it has not', () => {
    const bench = new Bench()
    const parent = bench.parent()
    const child = bench.child()
    child.takeAll()
    const thief = bench.link(child.identity)
    parent.announceRoot()
    thief.announce(rootOf(parent.identity, 2n))
    bench.advance(1000)
    expect(child.announces().map(({ key }) => keyId(key))).toContain(parent.keyId)
  })

  test('has a request of its own: an answer that was overheard elsewhere does not prove it', () => {
    const bench = new Bench()
    const child = bench.child()
    const thief = bench.link(child.identity)
    thief.answer(1n, child.request)
    const { request } = child
    bench.parent()
    expect(child.request).not.toEqual(request)
    thief.answer(1n, child.request)
    expect(bench.proven).not.toContain(thief)
    thief.answer()
    expect(bench.proven).toContain(thief)
  })
})
