import { RendezvousError } from './error.js'
import type { PolicyAnswer } from './machine/types.js'

const ANSWERS: ReadonlySet<unknown> = new Set<PolicyAnswer>(['accept', 'ask', 'ignore'])

/**
 * What a program's own `policy` says of somebody. One that throws, or says nothing that is known, as a function that is
 * `async` does, lets nobody in.
 */
export function policyAnswer(ask: () => unknown, report: (error: unknown) => void): PolicyAnswer {
  try {
    const answer = ask()
    if (ANSWERS.has(answer)) return answer as PolicyAnswer
    const text = `policy: expected 'accept', 'ask' or 'ignore', got ${typeof answer === 'string' ? 'another text' : typeof answer}`
    throw new RendezvousError('misuse', text)
  } catch (error) {
    report(error)
    return 'ignore'
  }
}
