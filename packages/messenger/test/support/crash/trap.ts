import type { ByteStream, StreamHandlers, StreamTransport } from '@mimirjs/transport'
import type { Generation } from '@mimirjs/wire'
import { FrameReader, type PeerFrame } from '@mimirjs/wire/peer'
import type { Store } from '../../../src/index.js'
import type { CrashPoint, FrameName } from './points.js'

/** Whoever comes to the armed point dies there. */
export class Trap {
  point: CrashPoint | undefined
  /** Of the method that the point names, since there is one. */
  #calls = 0
  readonly #die: () => never

  constructor(die: () => never) {
    this.#die = die
  }

  store(store: Store): Store {
    return new Proxy(store, {
      get: (target, method, receiver): unknown => {
        const member: unknown = Reflect.get(target, method, receiver)
        if (typeof member !== 'function') return member
        return async (...args: unknown[]): Promise<unknown> => {
          const { point } = this
          const isNamed = point?.at === 'store' && point.method === method
          const isHere = isNamed && ++this.#calls === (point.nth ?? 1)
          if (isHere && point.when === 'before') this.#die()
          const result = await (member as (...args: unknown[]) => Promise<unknown>).apply(target, args)
          if (isHere && point.when === 'after') this.#die()
          return result
        }
      },
    })
  }

  transport(inner: StreamTransport, generation: Generation): StreamTransport {
    const hasRole = generation === 'current'
    return {
      scheme: inner.scheme,
      dial: async (address, options) =>
        new TrappedStream(await inner.dial(address, options), this, { hasRole, isDialler: true }),
      listen: (address, options) =>
        inner.listen(address, {
          ...options,
          onStream: (stream) => options.onStream(new TrappedStream(stream, this, { hasRole, isDialler: false })),
        }),
    }
  }

  handler(when: 'started' | 'answered'): void {
    if (this.point?.at === 'handler' && this.point.when === when) this.#die()
  }

  file(name: string): void {
    if (this.point?.at === 'file' && this.point.name === name) this.#die()
  }

  /** @internal */
  die(): never {
    return this.#die()
  }
}

interface StreamKind {
  /** Streams begin with a byte that says what they are for. */
  readonly hasRole: boolean
  readonly isDialler: boolean
}

class TrappedStream implements ByteStream {
  readonly remoteAddress: string
  readonly localAddress: string
  readonly #inner: ByteStream
  readonly #trap: Trap
  readonly #out: Watcher
  readonly #in: Watcher

  constructor(inner: ByteStream, trap: Trap, { hasRole, isDialler }: StreamKind) {
    this.#inner = inner
    this.#trap = trap
    this.remoteAddress = inner.remoteAddress
    this.localAddress = inner.localAddress
    // The role is told by whoever dialled; what goes the other way is of the same role.
    const role: Role = { isControl: hasRole ? undefined : true }
    this.#out = new Watcher(role, hasRole && isDialler)
    this.#in = new Watcher(role, hasRole && !isDialler)
  }

  start(handlers: StreamHandlers): void {
    this.#inner.start({
      ...handlers,
      data: (chunk) => {
        const { point } = this.#trap
        const seen = this.#in.see(chunk)
        if (point?.at === 'read' && seen.has(point.frame)) this.#trap.die()
        handlers.data(chunk)
        if (point?.at === 'data' && point.direction === 'in' && this.#in.dataBytes >= point.bytes) this.#trap.die()
      },
    })
  }

  write(chunk: Uint8Array): boolean {
    const { point } = this.#trap
    const seen = this.#out.see(chunk)
    const place = point?.at === 'write' ? seen.get(point.frame) : undefined
    if (place !== undefined && point?.at === 'write') {
      const until = { before: place.start, half: (place.start + place.end) >> 1, after: place.end }[point.when]
      this.#inner.write(chunk.subarray(0, until))
      this.#trap.die()
    }
    const over = point?.at === 'data' && point.direction === 'out' ? this.#out.dataBytes - point.bytes : -1
    if (over < 0) return this.#inner.write(chunk)
    this.#inner.write(chunk.subarray(0, chunk.length - over))
    return this.#trap.die()
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    return this.write(Buffer.concat(chunks))
  }

  pause(): void {
    this.#inner.pause()
  }

  resume(): void {
    this.#inner.resume()
  }

  end(): void {
    this.#inner.end()
  }

  abort(error?: Error): void {
    this.#inner.abort(error)
  }
}

interface Place {
  readonly start: number
  readonly end: number
}

interface Role {
  /** `undefined` until the first byte is there. */
  isControl: boolean | undefined
}

/** Sees the frames that go by in one direction of a stream. */
class Watcher {
  /** Bytes that went through a data stream. */
  dataBytes = 0
  readonly #role: Role
  #roleIsNext: boolean
  readonly #reader = new FrameReader()

  constructor(role: Role, tellsRole: boolean) {
    this.#role = role
    this.#roleIsNext = tellsRole
  }

  /**
   * @returns where in the chunk the frames are whose last byte is in it; those that the table names are short, and begin
   * there too
   */
  see(chunk: Uint8Array): ReadonlyMap<FrameName, Place> {
    const seen = new Map<FrameName, Place>()
    let bytes = chunk
    if (this.#roleIsNext && bytes.length > 0) {
      this.#roleIsNext = false
      this.#role.isControl = bytes[0] === 0
      bytes = bytes.subarray(1)
    }
    if (this.#role.isControl === false) this.dataBytes += bytes.length
    if (this.#role.isControl !== true || bytes.length === 0) return seen
    this.#reader.push(bytes.slice())
    let start = chunk.length - bytes.length
    for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
      const end = chunk.length - this.#reader.bufferedBytes
      const name = nameOfFrame(frame)
      if (name !== undefined && !seen.has(name)) seen.set(name, { start, end })
      start = end
    }
    return seen
  }
}

function nameOfFrame(frame: PeerFrame): FrameName | undefined {
  switch (frame.type) {
    case 'text':
      return frame.editTimeMs === 0n ? 'text' : 'edit'
    case 'ok':
      return frame.id === 0n ? undefined : 'ok'
    case 'contactRequest':
    case 'contactResponse':
      return frame.type
    default:
      return undefined
  }
}
