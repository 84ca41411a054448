import { formatDuration } from '../duration.js'
import type { TimeTexts } from './model/state.js'

/** Times as this machine's clock on the wall says them. */
export const LOCAL_TIMES: TimeTexts = {
  clock: (timeMs) => {
    const time = new Date(timeMs)
    return `${twoDigits(time.getHours())}:${twoDigits(time.getMinutes())}`
  },
  day: (timeMs) => {
    const time = new Date(timeMs)
    return `${time.getFullYear()}-${twoDigits(time.getMonth() + 1)}-${twoDigits(time.getDate())}`
  },
  left: (durationMs) => (durationMs < 1_000 ? 'now' : `in ${formatDuration(Math.floor(durationMs / 1_000) * 1_000)}`),
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}
