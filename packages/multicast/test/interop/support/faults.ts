// What a line does to datagrams, told in a form that can be sent to another process.

/** On our side of the line: what others send us, or what we send. */
export interface Fault {
  readonly on: 'read' | 'write'
  readonly does: 'lose' | 'double'
  /** First byte of the packet; default: of every type. */
  readonly type?: number | undefined
  /** Of those, counted by type: the first, the first and every second one after it, all. */
  readonly which: 'first' | 'odd' | 'all'
}

/** Predicates of the package's lossy network: multicast protocol §11. */
export interface Hooks {
  loseWrite(bytes: Uint8Array): boolean
  doubleWrite(bytes: Uint8Array): boolean
  loseRead(bytes: Uint8Array): boolean
  doubleRead(bytes: Uint8Array): boolean
}

export function hooksOf(faults: readonly Fault[]): Hooks {
  const hook = (on: Fault['on'], does: Fault['does']): ((bytes: Uint8Array) => boolean) => {
    const judges = faults.filter((fault) => fault.on === on && fault.does === does).map(judgeOf)
    // Each one counts what it is about, whatever the others say.
    return (bytes) => judges.map((judge) => judge(bytes)).includes(true)
  }
  return {
    loseWrite: hook('write', 'lose'),
    doubleWrite: hook('write', 'double'),
    loseRead: hook('read', 'lose'),
    doubleRead: hook('read', 'double'),
  }
}

function judgeOf({ type, which }: Fault): (bytes: Uint8Array) => boolean {
  const seen = new Map<number, number>()
  return ([first = -1]) => {
    if (type !== undefined && first !== type) return false
    const count = (seen.get(first) ?? 0) + 1
    seen.set(first, count)
    return which === 'all' || (which === 'first' ? count === 1 : count % 2 === 1)
  }
}
