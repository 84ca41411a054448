/**
 * When the next attempt is due: attempt i is followed by a wait of i units. Who woke much too late, from a suspended
 * machine for instance, does not make up for what was missed all at once. multicast protocol §8.1
 */
export function nextDueMs(dueMs: number, nowMs: number, attempt: number, unitMs: number): number {
  const isOnTime = nowMs - dueMs < unitMs
  return (isOnTime ? dueMs : nowMs) + attempt * unitMs
}
