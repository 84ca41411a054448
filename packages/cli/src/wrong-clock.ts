import type { Messenger, RendezvousClock } from '@mimirjs/messenger'
import { formatDuration } from './duration.js'

/** What to say of our clock when rendezvous servers say that it is wrong. */
export function wrongClock({ clockOffsetMs }: RendezvousClock): string | undefined {
  if (clockOffsetMs === undefined) return undefined
  const how = `${formatDuration(Math.abs(clockOffsetMs))} ${clockOffsetMs > 0 ? 'behind' : 'ahead'}`
  return `the clock of this machine is ${how}, say the rendezvous servers: nobody is met through them until it is right`
}

/** Tells when our clock is wrong, also if that was said before anybody listened, and when it is right again. */
export function watchClock(messenger: Messenger, tell: (clock: RendezvousClock, text: string) => void): void {
  let wasWrong = false
  const look = (clock: RendezvousClock): void => {
    const text = wrongClock(clock)
    if (wasWrong === (text !== undefined)) return
    wasWrong = !wasWrong
    tell(clock, text ?? 'the clock of this machine is right again, say the rendezvous servers')
  }
  messenger.on('clock', look)
  void messenger.health().then(
    ({ rendezvous }) => rendezvous && look(rendezvous),
    () => {},
  )
}
