import { readFileSync } from 'node:fs'
import { FrameType } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { GENERATIONS } from '../src/generations.js'
import { isLegalType, nextState, SESSION_TABLE, type SessionState } from '../src/session-table.js'
import type { Role } from '../src/types.js'

const ROLES = ['initiator', 'acceptor'] as const
const { classic, overlay, current } = GENERATIONS
const REQUESTS = ['contactRequest', 'contactResponse', 'fileRequest', 'fileRange', 'streamWanted'] as const

/** The table as a mermaid diagram: one arrow per pair of states, named by the events that follow it. */
function diagram(role: Role): string {
  const lines = ['```mermaid', 'stateDiagram-v2', '  [*] --> connected']
  for (const [state, row] of Object.entries(SESSION_TABLE[role])) {
    const byNext = new Map<string, string[]>()
    for (const [event, next] of Object.entries(row)) byNext.set(next, [...(byNext.get(next) ?? []), event])
    for (const [next, events] of byNext) lines.push(`  ${state} --> ${next}: ${events.join(', ')}`)
  }
  return [...lines, '```'].join('\n')
}

describe('state table', () => {
  test.each(ROLES)('%s: the README shows this diagram', (role) => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    expect(readme).toContain(diagram(role))
  })

  test.each(ROLES)('%s: every state can be reached, and READY by one way only', (role) => {
    const rows = Object.entries(SESSION_TABLE[role])
    const reached = new Set(rows.flatMap(([, row]) => Object.values(row)))
    for (const [state] of rows) {
      if (state !== 'connected' && state !== 'closed') expect(reached).toContain(state)
    }
    const ways = rows.filter(([state, row]) => state !== 'ready' && Object.values<string>(row).includes('ready'))
    expect(ways).toHaveLength(1)
  })

  test.each(ROLES)('%s: before READY nothing is legal that touches the application', (role) => {
    const gated = ['text', 'infoResponse', 'callOffer', 'callAnswer', 'callHang', 'callPacket', 'unknown'] as const
    for (const grammar of [classic, overlay, current]) {
      for (const state of Object.keys(SESSION_TABLE[role]) as SessionState[]) {
        for (const event of [...gated, ...REQUESTS])
          expect(nextState(role, state, event, grammar) !== undefined, `${state} ${event}`).toBe(state === 'ready')
      }
    }
  })

  test.each(ROLES)('%s: PING and PONG are legal in every state and change none', (role) => {
    for (const state of Object.keys(SESSION_TABLE[role]) as SessionState[]) {
      expect(nextState(role, state, 'ping', overlay)).toBe(state)
      expect(isLegalType(role, state, FrameType.pong, classic)).toBe(true)
    }
  })

  test.each(ROLES)('%s: in the current generation nothing but the handshake is legal before READY', (role) => {
    const legal = Object.keys(SESSION_TABLE[role]).map((state) =>
      Object.values(FrameType).filter((code) => isLegalType(role, state as SessionState, code, current)),
    )
    const states = { initiator: 7, acceptor: 8 }
    expect(legal).toHaveLength(states[role])
    expect(legal.filter((codes) => codes.length > 1)).toHaveLength(1)
    for (const event of ['ping', 'pong', 'infoRequest'] as const)
      expect(nextState(role, 'ready', event, current)).toBe('ready')
  })

  test('frames of the current generation are unknown in the others', () => {
    for (const event of REQUESTS) {
      expect(nextState('acceptor', 'ready', event, classic)).toBe('ready')
      expect(nextState('acceptor', 'waitHello', event, overlay)).toBeUndefined()
    }
  })

  test('names that were never frame types are unknown', () => {
    for (const code of [0, 10, 1001, 3000, 4000, -1]) {
      expect(isLegalType('acceptor', 'waitHello', code, overlay)).toBe(false)
      expect(isLegalType('acceptor', 'ready', code, overlay)).toBe(true)
    }
  })
})
