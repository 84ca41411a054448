import { describe, expect, test } from 'vitest'
import { keyId } from '../../src/key.js'
import { PacketType } from '../../src/wire/frame.js'
import { encodeSigReq, encodeSigRes, signedParentBytes } from '../../src/wire/signature.js'
import { codeOf } from '../wire/support/bytes.js'
import { Bench, childOf, type Puppet, rootOf } from './support/puppet.js'

describe('a new node', () => {
  test('is a root with number 1 from the start', () => {
    const bench = new Bench()
    const { root, parent, coordinates, seq, records } = bench.router.tree()
    expect([root, parent, coordinates, seq, records]).toEqual([bench.key, bench.key, [], 1n, 1])
    expect(bench.trees).toHaveLength(1)
  })

  test('ticks every second, and does not make up for a sleep', () => {
    const bench = new Bench()
    const start = bench.nowMs
    expect(bench.router.nextDeadlineMs).toBe(start + 1000)
    bench.advance(1000)
    expect(bench.router.nextDeadlineMs).toBe(start + 2000)
    bench.nowMs = start + 60_500
    bench.router.advance(bench.nowMs)
    expect(bench.router.nextDeadlineMs).toBe(start + 61_500)
  })
})

describe('ports', () => {
  test('are the lowest free ones from 1, one for each key, and free again with its last link', () => {
    const bench = new Bench()
    const [a, b] = [bench.link(), bench.link()]
    const second = bench.link(a.identity)
    expect([a.port, b.port, second.port]).toEqual([1n, 2n, 1n])
    a.remove()
    expect(bench.link().port).toBe(3n)
    second.remove()
    expect(bench.link().port).toBe(1n)
  })

  test('that the network knows below us stay with whom it knows there', () => {
    const bench = new Bench()
    const [known, other] = [bench.someone(0xd0), bench.someone(0xd1)]
    const carrier = bench.neighbour()
    carrier.announce(childOf(known, bench.identity, 2n, 9n))
    carrier.announce(childOf(other, bench.identity, 1n, 9n))
    // Port 1 is taken by the carrier, so the other one gets a new one.
    expect([bench.link().port, bench.link(known).port, bench.link(other).port]).toEqual([3n, 2n, 4n])
  })
})

describe('a child with another port than we gave it', () => {
  const startWith = (port: bigint): [Bench, Puppet] => {
    const bench = new Bench()
    const child = bench.neighbour()
    child.announce(childOf(child.identity, bench.identity, port, 9n))
    return [bench, child]
  }

  test('is cut after three seconds, with all its links', () => {
    const [bench, child] = startWith(7n)
    const second = bench.link(child.identity)
    bench.advance(3000)
    expect(child.cut).toBeUndefined()
    bench.advance(1000)
    expect([child.cut?.code, second.cut?.code]).toEqual(['link', 'link'])
    expect(child.cut?.message).toContain('port 7')
  })

  test('is not when it has ours by then', () => {
    const [bench, child] = startWith(7n)
    bench.advance(2000)
    child.announce(childOf(child.identity, bench.identity, child.port, 10n))
    bench.advance(10_000)
    expect(child.cut).toBeUndefined()
  })

  test('is nothing that we see when it has ours from the start', () => {
    const [bench, child] = startWith(1n)
    bench.advance(10_000)
    expect(child.cut).toBeUndefined()
  })
})

describe('a new link', () => {
  test('gets a request for the next number, then an empty filter', () => {
    const puppet = new Bench().link()
    expect(puppet.takeAll().map(({ type }) => type)).toEqual([PacketType.sigReq, PacketType.bloomFilter])
    expect(puppet.request?.seq).toBe(2n)
  })

  test('to ourselves, or the same link twice, is refused', () => {
    const bench = new Bench()
    expect(codeOf(() => bench.link(bench.identity))).toBe('self')
    const puppet = bench.link()
    expect(codeOf(() => bench.router.addLink(puppet, bench.nowMs))).toBe('misuse')
  })
})

describe('signature requests', () => {
  test('are answered at once, with the port and a signature of ours', () => {
    const bench = new Bench()
    bench.link()
    const puppet = bench.link()
    const { psig, ...rest } = puppet.ask({ seq: 2n ** 64n - 1n, nonce: 5n })
    expect(rest).toEqual({ seq: 2n ** 64n - 1n, nonce: 5n, port: 2n })
    const signed = signedParentBytes(puppet.publicKey, bench.key, rest.seq, rest.nonce, rest.port)
    expect(bench.identity.verify(psig, signed, bench.key)).toBe(true)
  })
})

describe('signature responses', () => {
  test('prove the link, once, and measure it', () => {
    const bench = new Bench()
    const puppet = bench.link()
    const info = () => bench.router.peers()[0]
    expect(info()).toMatchObject({ proven: false, cost: 4294 })
    expect(info()).not.toHaveProperty('latencyMs')
    bench.advance(40)
    puppet.answer()
    puppet.answer()
    expect(bench.proven).toEqual([puppet])
    expect(info()).toMatchObject({ proven: true, latencyMs: 80, cost: 80 })
  })

  test('are smoothed: 7/8 of the old, 1/8 of the new but at most twice the old', () => {
    const bench = new Bench()
    const puppet = bench.link()
    const latency = () => bench.router.peers()[0]?.latencyMs
    const measure = (ms: number) => {
      bench.router.probe(puppet, bench.nowMs)
      bench.advance(ms)
      puppet.answer()
    }
    measure(40)
    measure(40)
    expect(latency()).toBe(75)
    measure(900)
    expect(latency()).toBe((75 * 7) / 8 + 150 / 8)
  })

  test('the cost is at least 1', () => {
    const bench = new Bench()
    bench.neighbour()
    expect(bench.router.peers()[0]).toMatchObject({ latencyMs: 0, cost: 1 })
  })

  test('to an earlier request still prove, but are no parent’s word', () => {
    const bench = new Bench()
    const late = bench.link()
    const early = late.request
    const parent = bench.parent()
    expect(late.request?.nonce).not.toBe(early?.nonce)
    late.answer(1n, early)
    expect(bench.proven).toContain(late)
    expect(bench.router.peers()[0]).toMatchObject({ proven: true, cost: 4294 })
    expect(bench.router.tree().parent).toEqual(parent.publicKey)
  })

  test('to no request of ours prove nothing', () => {
    const bench = new Bench()
    const puppet = bench.link()
    expect(puppet.answer(1n, { seq: 2n, nonce: (puppet.request?.nonce ?? 0n) ^ 1n })).toBeUndefined()
    expect(bench.proven).toEqual([])
  })

  test('with a wrong signature cut the link', () => {
    const bench = new Bench()
    const [good, bad] = [bench.neighbour(), bench.link()]
    const { seq, nonce } = bad.request ?? { seq: 0n, nonce: 0n }
    const psig = bad.identity.sign(signedParentBytes(bench.key, bad.publicKey, seq, nonce, 2n))
    expect(bad.send(PacketType.sigRes, encodeSigRes({ seq, nonce, port: 1n, psig }))?.code).toBe('bad-signature')
    expect(bench.router.peers()).toHaveLength(1)
    expect(good.cut).toBeUndefined()
  })

  test('with port 0 cut the link: an announcement with it would cost us all the others', () => {
    expect(new Bench().link().answer(0n)?.code).toBe('malformed')
  })
})

describe('announces', () => {
  test('that are better are taken, and not sent back', () => {
    const bench = new Bench()
    const puppet = bench.neighbour()
    puppet.takeAll()
    puppet.announceRoot()
    bench.advance(2000)
    expect(bench.router.tree().records).toBe(2)
    expect(puppet.announces().map(({ key }) => keyId(key))).not.toContain(puppet.keyId)
  })

  test('that are behind the times are answered with what we have, to their sender only', () => {
    const bench = new Bench()
    const [sender, other] = [bench.neighbour(), bench.neighbour()]
    const third = bench.someone(0xee)
    sender.announce(rootOf(third, 5n))
    for (const puppet of [sender, other]) puppet.takeAll()
    sender.announce(rootOf(third, 4n))
    expect(sender.announces()).toEqual([rootOf(third, 5n)])
    expect(other.announces()).toEqual([])
  })

  test('that we have already are not answered', () => {
    const bench = new Bench()
    const sender = bench.neighbour()
    const third = bench.someone(0xee)
    sender.announce(rootOf(third, 5n))
    sender.takeAll()
    const { verifications } = bench.router.stats()
    sender.announce(rootOf(third, 5n))
    expect(sender.announces()).toEqual([])
    expect(bench.router.stats().verifications).toBe(verifications)
  })

  test.each([
    ['bad-signature', (bench: Bench) => ({ ...rootOf(bench.someone(1), 5n), seq: 6n })],
    ['bad-signature', (bench: Bench) => ({ ...childOf(bench.someone(1), bench.someone(2), 3n, 5n), port: 4n })],
  ])('that are wrong cut the link: %s', (code, make) => {
    const bench = new Bench()
    const [good, bad] = [bench.neighbour(), bench.neighbour()]
    expect(bad.announce(make(bench))?.code).toBe(code)
    expect(bench.router.tree().records).toBe(1)
    expect(good.cut).toBeUndefined()
  })
})

describe('our own announcement from outside', () => {
  test('is outbidden, because we were restarted and the network remembers', () => {
    const bench = new Bench()
    const puppet = bench.neighbour()
    puppet.announce(rootOf(bench.identity, 40n))
    expect(bench.router.tree().seq).toBe(40n)
    puppet.takeAll()
    bench.advance(3000)
    const own = puppet.announces().filter(({ key }) => keyId(key) === bench.id)
    expect(own.map(({ seq }) => seq)).toEqual([41n])
    expect(puppet.request?.seq).toBe(42n)
  })

  test('makes all signatures useless: new ones are asked for at once, and used in the next tick', () => {
    const bench = new Bench()
    const parent = bench.neighbour(bench.someone(1), { port: 5n })
    parent.announceRoot()
    parent.announce(childOf(bench.identity, bench.someone(2), 7n, 40n))
    expect(parent.request?.seq).toBe(41n)
    parent.answer(5n)
    bench.advance(1000)
    expect(bench.router.tree()).toMatchObject({ parent: parent.publicKey, coordinates: [5n], seq: 41n })
  })
})

describe('the parent', () => {
  test('is the neighbour with the lowest root below ours, with what it signed', () => {
    const bench = new Bench()
    const parent = bench.parent({ port: 5n })
    expect(bench.router.tree()).toMatchObject({ root: parent.publicKey, parent: parent.publicKey, coordinates: [5n] })
    const [own] = parent.announces().filter(({ parent: id }) => keyId(id) === parent.keyId)
    expect(own).toMatchObject({ key: bench.key, seq: 2n, port: 5n })
    // A new request went out, since the old signature is used up.
    expect(parent.request?.seq).toBe(3n)
  })

  test('is nobody who is higher than ourselves', () => {
    const bench = new Bench()
    bench.neighbour(bench.someone(0xff)).announceRoot()
    bench.advance(5000)
    expect(bench.router.tree()).toMatchObject({ parent: bench.key, seq: 1n })
  })

  test('is nobody who did not sign', () => {
    const bench = new Bench()
    bench.link(bench.someone(1)).announceRoot()
    bench.advance(5000)
    expect(bench.router.tree().parent).toEqual(bench.key)
  })

  test('is nobody below ourselves', () => {
    const bench = new Bench({ seed: 3 })
    const parent = bench.parent({ firstByte: 2 })
    const child = bench.child()
    expect(bench.router.tree().parent).toEqual(parent.publicKey)
    // The child answers everything, and leads to the same root, through us.
    child.answer()
    parent.remove()
    for (let count = 0; count < 20; count++) {
      bench.advance(250)
      expect(bench.router.tree().parent).not.toEqual(child.publicKey)
    }
    expect(bench.router.tree().parent).toEqual(bench.key)
  })

  test('changes for a lower root at once', () => {
    const bench = new Bench()
    const first = bench.parent({ firstByte: 2 })
    const better = bench.neighbour(bench.someone(1))
    better.announceRoot()
    bench.advance(1000)
    expect(bench.router.tree().root).toEqual(better.publicKey)
    expect(first.cut).toBeUndefined()
  })

  test('does not change for a cheaper way to the same root until a refresh, and then for a clear gain only', () => {
    const run = (latencyMs: number): boolean => {
      const bench = new Bench()
      const [root, middle] = [bench.someone(1), bench.someone(0x90)]
      const [slow, fast] = [100, latencyMs].map((each) => bench.neighbour(undefined, { latencyMs: each }))
      if (slow === undefined || fast === undefined) throw new Error('two neighbours')
      slow.announce(rootOf(root, 1n))
      slow.announce(childOf(middle, root, 1n, 1n))
      slow.announce(childOf(slow.identity, middle, 1n, 1n))
      bench.advance(1000)
      expect(bench.router.tree().parent).toEqual(slow.publicKey)
      fast.announce(childOf(fast.identity, middle, 2n, 1n))
      for (let second = 0; second < 238; second++) {
        bench.advance(1000)
        slow.answer()
        fast.answer()
      }
      expect(bench.router.tree().parent).toEqual(slow.publicKey)
      for (let second = 0; second < 5; second++) bench.advance(1000)
      expect(bench.router.tree().seq).toBe(3n)
      return keyId(bench.router.tree().parent) === fast.keyId
    }
    // Half of two hops from there against three hops from here.
    expect(run(20)).toBe(true)
    expect(run(95)).toBe(false)
  })

  test('lost: another neighbour takes its place in the next tick', () => {
    const bench = new Bench()
    const root = bench.someone(1)
    const [a, b] = [bench.neighbour(), bench.neighbour()]
    for (const [at, puppet] of [a, b].entries()) {
      puppet.announce(rootOf(root, 1n))
      puppet.announce(childOf(puppet.identity, root, BigInt(at + 1), 1n))
    }
    bench.advance(1000)
    const lost = keyId(bench.router.tree().parent) === a.keyId ? a : b
    const left = lost === a ? b : a
    left.answer()
    lost.remove()
    bench.advance(1000)
    expect(bench.router.tree().parent).toEqual(left.publicKey)
  })

  test('back within a tick with another port for us: that is announced in the next tick', () => {
    const bench = new Bench()
    const parent = bench.parent({ port: 5n })
    parent.remove()
    const again = bench.link(parent.identity)
    again.answer(6n)
    again.announceRoot()
    bench.advance(1000)
    expect(bench.router.tree()).toMatchObject({ parent: parent.publicKey, coordinates: [6n], seq: 3n })
  })

  test('with another port in every answer: that is announced every five seconds at most', () => {
    const bench = new Bench()
    const parent = bench.parent({ port: 5n })
    for (let second = 0; second < 20; second++) {
      parent.answer(BigInt(6 + second))
      bench.advance(1000)
    }
    const { seq } = bench.router.tree()
    expect(seq).toBeGreaterThanOrEqual(5n)
    expect(seq).toBeLessThanOrEqual(7n)
  })

  test('lost, and nobody else there: root after one tick of grace', () => {
    const bench = new Bench()
    bench.parent().remove()
    bench.advance(1000)
    expect(bench.router.tree().seq).toBe(2n)
    bench.advance(1000)
    expect(bench.router.tree()).toMatchObject({ root: bench.key, parent: bench.key, coordinates: [], seq: 3n })
  })
})

describe('news', () => {
  test('that get us off our own root do not wait for the next tick', () => {
    const bench = new Bench()
    const parent = bench.neighbour(bench.someone(1), { port: 5n })
    parent.announceRoot()
    bench.advance(400)
    expect(bench.router.tree().coordinates).toEqual([5n])
  })

  test('of a child do not wait either, but come four times a second at most', () => {
    const bench = new Bench()
    const child = bench.neighbour()
    child.filters()
    let filters = 0
    for (let count = 0; count < 18; count++) {
      child.announceAsChild()
      child.announceRoot()
      bench.advance(50)
      child.announceAsChild()
      bench.advance(50)
      filters += child.filters().length
    }
    expect(filters).toBeGreaterThan(0)
    expect(filters).toBeLessThanOrEqual(8)
  })

  test('do not shorten the grace before we become root', () => {
    const bench = new Bench()
    const parent = bench.parent()
    parent.remove()
    bench.advance(1000)
    const child = bench.neighbour()
    child.announceAsChild()
    bench.advance(500)
    expect(child.filters()).toHaveLength(2)
    expect(bench.router.tree().seq).toBe(2n)
    bench.advance(500)
    expect(bench.router.tree()).toMatchObject({ parent: bench.key, seq: 3n })
  })
})

describe('gossip', () => {
  test('tells the way to the root, root first, then the neighbour’s own, and everything once', () => {
    const bench = new Bench()
    const parent = bench.parent()
    const child = bench.child(bench.someone(0xd0))
    const other = bench.neighbour(bench.someone(0xe0))
    other.announceRoot()
    bench.advance(1000)
    const told = other.announces().map(({ key }) => keyId(key))
    expect(told).toEqual([parent.keyId, bench.id])
    child.announces()
    // The child learns of nobody who is on neither way.
    bench.advance(5000)
    expect(child.announces()).toEqual([])
    expect(other.announces()).toEqual([])
  })

  test('starts as soon as a link is proven', () => {
    const bench = new Bench()
    bench.parent()
    const late = bench.neighbour()
    expect(late.announces()).toHaveLength(2)
  })

  test('tells again what has changed', () => {
    const bench = new Bench()
    const parent = bench.parent()
    const child = bench.child()
    child.announces()
    parent.announceRoot()
    bench.advance(1000)
    expect(child.announces().map(({ key, seq }) => [keyId(key), seq])).toEqual([[parent.keyId, 2n]])
  })
})

describe('age', () => {
  test('our announcement is made anew every four minutes', () => {
    const bench = new Bench()
    bench.advance(239_000)
    expect(bench.router.tree().seq).toBe(1n)
    bench.advance(3000)
    expect(bench.router.tree().seq).toBe(2n)
    bench.advance(242_000)
    expect(bench.router.tree().seq).toBe(3n)
  })

  test('what is not renewed for five minutes is forgotten', () => {
    const bench = new Bench()
    const parent = bench.parent()
    parent.answer(5n)
    bench.advance(297_000)
    expect(bench.router.tree().root).toEqual(parent.publicKey)
    bench.advance(4000)
    expect(bench.router.tree()).toMatchObject({ parent: bench.key, records: 1 })
  })

  test('a link that asks again and again is answered as long as it keeps to the limit', () => {
    const puppet = new Bench().link()
    for (let count = 0; count < 20; count++)
      expect(puppet.send(PacketType.sigReq, encodeSigReq({ seq: 1n, nonce: 1n }))).toBeUndefined()
    expect(puppet.send(PacketType.sigReq, encodeSigReq({ seq: 1n, nonce: 1n }))?.code).toBe('flood')
  })
})
