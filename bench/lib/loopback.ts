import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'

/** Room for connection floods: a full queue costs a second per SYN retransmit and would measure only that. */
const BACKLOG = 4_096

/** Listen on a free port of the loopback interface and tell which one. */
export async function listenOnLoopback(server: Server): Promise<number> {
  server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
