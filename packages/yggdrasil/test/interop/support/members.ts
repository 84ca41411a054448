// Nodes that end with the test.
import { inject, onTestFinished } from 'vitest'
import type { GoNodeSettings } from '../../../../../interop/yggdrasil/go-node.js'
import { GoMember, type Member, type MemberOptions, OurMember } from '../../../../../interop/yggdrasil/members.js'
import type { YggdrasilOptions } from '../../../src/node.js'

export { GoMember, hex, type Member, numberedSeed, OurMember } from '../../../../../interop/yggdrasil/members.js'

export function startGo(settings: GoNodeSettings = {}): Promise<GoMember> {
  return untilTheEnd(GoMember.start(inject('goPrograms').node, settings))
}

export function startOurs(options: YggdrasilOptions = {}): Promise<OurMember> {
  return untilTheEnd(OurMember.start(options))
}

export function startMember(kind: Member['kind'], options: MemberOptions = {}): Promise<Member> {
  return kind === 'go' ? startGo(options) : startOurs(options)
}

async function untilTheEnd<Kind extends Member>(starting: Promise<Kind>): Promise<Kind> {
  const member = await starting
  onTestFinished(() => member.stop())
  return member
}

/** Ask again until it is true. @throws {Error} with `what` when it never is */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!(await isTrue())) {
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
