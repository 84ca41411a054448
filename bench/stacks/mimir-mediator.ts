import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chatIdOf } from '../lib/fan-out.js'
import { logIn } from '../lib/fan-out-client.js'
import type { Channel, Stack } from '../lib/stack.js'
import { portOf, serveRooms } from './mediator-rooms.js'

const MEMBERS_PER_ROOM = 100
const ROOMS = 52

/** Our mediator as the memory rows see it: every connection is another member, logged in and subscribed to one room. */
export function mimirMediatorStack(): Stack {
  let members = 0
  return {
    async serve() {
      const folder = mkdtempSync(join(tmpdir(), 'mimir-bench-'))
      const mediator = await serveRooms({
        path: join(folder, 'mediator.sqlite'),
        rooms: ROOMS,
        members: (room) => Array.from({ length: MEMBERS_PER_ROOM }, (_, index) => room * MEMBERS_PER_ROOM + index),
        messages: 0,
      })
      // It is open and stays so; the process is killed in the end.
      rmSync(folder, { recursive: true })
      return String(portOf(mediator))
    },
    async connect(address): Promise<Channel> {
      const member = members++
      const client = await logIn(Number(address), member)
      return {
        async once() {
          await client.request('subscribe', { chatId: chatIdOf(Math.floor(member / MEMBERS_PER_ROOM)) })
        },
        flood: () => Promise.reject(new Error('a subscriber only listens')),
        reset: () => void client.socket.resetAndDestroy(),
      }
    },
  }
}
