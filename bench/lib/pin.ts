import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const EVERYWHERE = `0-${availableParallelism() - 1}`

/** Whether this system can bind processes to cores. */
export const CAN_PIN: boolean = spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0

/**
 * Run `work` with every process bound to a core of its own, as if they were two machines. Left alone, the scheduler at
 * times puts both on one core, where waking the other one costs several times less and nothing happens at the same
 * time: samples then fall into two heaps, and their median is a coin toss.
 */
export async function pinnedApart<T>(pids: readonly number[], work: () => Promise<T>): Promise<T> {
  if (!CAN_PIN) return work()
  for (const [index, pid] of pids.entries()) bind(pid, String(index % availableParallelism()))
  try {
    return await work()
  } finally {
    for (const pid of pids) bind(pid, EVERYWHERE)
  }
}

function bind(pid: number, cores: string): void {
  spawnSync('taskset', ['--all-tasks', '--pid', '--cpu-list', cores, String(pid)], { stdio: 'ignore' })
}
