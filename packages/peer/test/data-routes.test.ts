import { describe, expect, test } from 'vitest'
import { DataRoutes, type Destination, type Held } from '../src/data/data-routes.js'
import type { PeerError } from '../src/error.js'

const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

class Stream implements Held {
  error: PeerError | undefined
  fail(error: PeerError): void {
    this.error = error
  }
}

class Place implements Destination<Stream> {
  isReady = false
  isFreeForData = true
  readonly taken: Stream[] = []
  takeData(_: unknown, stream: Stream): void {
    this.taken.push(stream)
    this.isFreeForData = false
  }
}

function ready(routes: DataRoutes<Place, Stream>, place: Place): Place {
  place.isReady = true
  routes.ready(place)
  return place
}

function placed(routes: DataRoutes<Place, Stream>, node: number): Stream {
  const stream = new Stream()
  routes.place(stream, 'read', { node: key(node) })
  return stream
}

const add = (routes: DataRoutes<Place, Stream>, node: number): Place => {
  const place = new Place()
  routes.add(place, key(node))
  return place
}

describe('by node key', () => {
  test('each connection of a node gets one before any gets a second', () => {
    const routes = new DataRoutes<Place, Stream>()
    const [first, second, other] = [add(routes, 1), add(routes, 1), add(routes, 2)]
    for (const place of [second, first, other]) ready(routes, place)
    const streams = [placed(routes, 1), placed(routes, 1), placed(routes, 1)]
    expect(first.taken, 'READY last, so first').toEqual([streams[0], streams[2]])
    expect(second.taken).toEqual([streams[1]])
    expect(other.taken).toEqual([])
  })

  test('one that comes early waits for whichever becomes READY', () => {
    const routes = new DataRoutes<Place, Stream>()
    const [first, second] = [add(routes, 1), add(routes, 1)]
    const stream = placed(routes, 1)
    routes.delete(first)
    expect(stream.error).toBeUndefined()
    expect(ready(routes, second).taken).toEqual([stream])
    ready(routes, second)
    expect(second.taken).toHaveLength(1)
  })

  test('with a new connection coming, a second stream waits for it', () => {
    const routes = new DataRoutes<Place, Stream>()
    const old = ready(routes, add(routes, 1))
    const coming = add(routes, 1)
    const [first, second] = [placed(routes, 1), placed(routes, 1)]
    expect(old.taken).toEqual([first])
    expect(ready(routes, coming).taken).toEqual([second])
  })

  test('nobody is there, or nobody is left', () => {
    const routes = new DataRoutes<Place, Stream>()
    expect(placed(routes, 1).error).toMatchObject({ blame: 'remote' })
    const place = add(routes, 1)
    const stream = placed(routes, 1)
    routes.delete(place)
    expect(stream.error).toBeDefined()
    expect(placed(routes, 1).error).toBeDefined()
  })

  test('the end of one connection leaves those of the others alone', () => {
    const routes = new DataRoutes<Place, Stream>()
    const [first, second] = [ready(routes, add(routes, 1)), ready(routes, add(routes, 1))]
    routes.delete(second)
    routes.delete(second)
    const stream = placed(routes, 1)
    expect(first.taken).toEqual([stream])
  })

  test('one that was dropped by somebody else is not handed over', () => {
    const routes = new DataRoutes<Place, Stream>()
    const place = add(routes, 1)
    const stream = placed(routes, 1)
    routes.forget(stream)
    expect(ready(routes, place).taken).toEqual([])
  })
})

describe('by token', () => {
  const byToken = (routes: DataRoutes<Place, Stream>, token: number): Stream => {
    const stream = new Stream()
    routes.place(stream, 'read', { token: key(token) })
    return stream
  }

  test('its connection and no other, as soon as that is READY, as long as it lives', () => {
    const routes = new DataRoutes<Place, Stream>()
    const [one, other] = [new Place(), new Place()]
    for (const place of [one, other]) routes.add(place, undefined)
    expect(byToken(routes, 7).error).toBeDefined()
    routes.expect(one, key(7))
    const early = byToken(routes, 7)
    ready(routes, other)
    expect([early.error, other.taken]).toEqual([undefined, []])
    expect(ready(routes, one).taken).toEqual([early])
    const late = byToken(routes, 7)
    expect(one.taken).toEqual([early, late])
    routes.delete(one)
    expect(byToken(routes, 7).error).toBeDefined()
  })

  test('one that waits for a connection that fails, fails', () => {
    const routes = new DataRoutes<Place, Stream>()
    const place = new Place()
    routes.add(place, undefined)
    routes.expect(place, key(7))
    const stream = byToken(routes, 7)
    routes.delete(place)
    expect(stream.error).toBeDefined()
  })

  test('a connection of a node has none', () => {
    const routes = new DataRoutes<Place, Stream>()
    const place = add(routes, 1)
    routes.expect(place, key(7))
    expect(byToken(routes, 7).error).toBeDefined()
  })
})
