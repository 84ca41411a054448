// A member of a group in a process of its own, who does what it is told, until it comes to the step at which it is to die.
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { openFolderStore } from '../../support/crash/person.js'
import type { CrashPoint } from '../../support/crash/points.js'
import { Trap } from '../../support/crash/trap.js'
import { type MemberOptions, openMember } from './member.js'

/** From the test. */
export type Order =
  | { readonly do: 'arm'; readonly token: number; readonly point: CrashPoint }
  | { readonly do: 'create'; readonly token: number; readonly name: string }
  | { readonly do: 'invite'; readonly token: number; readonly group: string; readonly person: string }
  | { readonly do: 'join'; readonly token: number }
  | { readonly do: 'send'; readonly token: number; readonly group: string; readonly text: string }
  | { readonly do: 'rotate'; readonly token: number; readonly group: string }
  | { readonly do: 'leave'; readonly token: number; readonly group: string }

/** To the test: an order is done, or (token 0) we are there. */
export interface Report {
  readonly token: number
  /** Id of the group that was made. */
  readonly result?: string
  readonly error?: string
}

const options = JSON.parse(process.argv[2] ?? '') as MemberOptions
process.on('disconnect', () => process.exit(0))
// Whoever started us may be gone before we listen for that.
if (!process.connected) process.exit(0)

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  // The signal is on its way; nothing may happen any more.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

const trap = new Trap(die)
const messenger = await openMember(options, {
  store: trap.store(openFolderStore(options.folder)),
  transports: new Transports([tcp()]),
  onHandler: (when) => trap.handler(when),
})

async function obey(order: Order): Promise<string> {
  switch (order.do) {
    case 'arm':
      trap.point = order.point
      return ''
    case 'create':
      return (await messenger.createGroup({ name: order.name })).id
    case 'invite':
      await (await messenger.group(order.group)).invite(order.person)
      return ''
    case 'join': {
      const [invite] = await messenger.groupInvites()
      if (invite === undefined) throw new Error('there is no invite')
      return (await messenger.joinGroup(invite)).id
    }
    case 'send':
      return (await messenger.send(order.group, order.text)).id
    case 'rotate':
      await (await messenger.group(order.group)).rotateKey()
      return ''
    case 'leave':
      await (await messenger.group(order.group)).leave()
      return ''
  }
}

process.on('message', (order: Order) => {
  const { token } = order
  obey(order).then(
    (result) => process.send?.({ token, result } satisfies Report),
    (error: unknown) => process.send?.({ token, error: String(error) } satisfies Report),
  )
})
process.send?.({ token: 0 } satisfies Report)
