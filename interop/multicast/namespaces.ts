// Networks of one machine's own, where multicast bothers nobody. Linux, as root.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** Programs this needs, and the Debian packages that bring them. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  unshare: 'util-linux',
}

const READY_TIMEOUT_MS = 10_000
const POLL_MS = 10

/** Debian packages that are missing for {@link Namespace}. */
export function missingPackages(): string[] {
  const missing = Object.entries(PROGRAMS).filter(([name]) => spawnSync(name, ['-V']).error !== undefined)
  return [...new Set(missing.map(([, name]) => name))]
}

/** Why this machine cannot have namespaces, programs aside; `undefined` when it can. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'no Linux, so no network namespaces'
  const { status, error } = spawnSync('unshare', ['--net', 'true'], { stdio: 'ignore' })
  if (error !== undefined) return 'no unshare, which util-linux has'
  return status === 0 ? undefined : 'no right to make network namespaces, which root has'
}

/** A network namespace without a name. It lasts as long as its keeper, which ends with this process, however that ends. */
export class Namespace {
  readonly #keeper: ChildProcess

  private constructor(keeper: ChildProcess) {
    this.#keeper = keeper
  }

  static async open(): Promise<Namespace> {
    const keeper = spawn('unshare', ['--net', 'sh', '-c', 'echo; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
    await Promise.race([
      once(keeper.stdout, 'data'),
      once(keeper, 'close').then(([code]) => Promise.reject(new Error(`unshare --net ended with ${code}`))),
    ])
    return new Namespace(keeper)
  }

  get pid(): number {
    return this.#keeper.pid ?? 0
  }

  /** A command line before which this stands runs in here, and is killed when its parent ends. */
  get prefix(): string[] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`, 'setpriv', '--pdeathsig', 'KILL']
  }

  /** Run lines of `ip`. @throws {Error} with what it said */
  ip(...lines: readonly string[]): void {
    const [command = '', ...args] = [...this.prefix, 'ip', '-batch', '-']
    execFileSync(command, args, { input: `${lines.join('\n')}\n`, stdio: ['pipe', 'pipe', 'pipe'] })
  }

  /** Wait until IPv6 groups can be sent to on an interface: the kernel notices a moment later that a line is there. */
  async ready(name: string): Promise<void> {
    const [command = '', ...args] = [...this.prefix, 'ip', '-6', 'route', 'show', 'table', 'local', 'dev', name]
    const deadlineMs = performance.now() + READY_TIMEOUT_MS
    while (!execFileSync(command, args, { encoding: 'utf8' }).includes('ff00::/8')) {
      if (performance.now() > deadlineMs) throw new Error(`${name} is not up after ${READY_TIMEOUT_MS} ms`)
      await sleep(POLL_MS)
    }
  }

  async close(): Promise<void> {
    if (this.#keeper.exitCode !== null || this.#keeper.signalCode !== null) return
    const closed = once(this.#keeper, 'close')
    this.#keeper.stdin?.end()
    await closed
  }
}

/** Of both ends of a {@link joinByVeth}. */
export const VETH = 'eth0'

/** Two hosts on one wire, with addresses of both families; each has a loopback interface too. */
export async function joinByVeth(first: Namespace, second: Namespace): Promise<void> {
  first.ip(`link add ${VETH} type veth peer name ${VETH} netns ${second.pid}`)
  for (const [index, namespace] of [first, second].entries()) {
    namespace.ip('link set lo up', ...addressed(VETH, index + 1))
  }
  await Promise.all([first.ready(VETH), second.ready(VETH)])
}

/** Let groups of both families work on the loopback interface, and groups with the prefix of a network, too. */
export function openLoopback(namespace: Namespace): void {
  namespace.ip(
    'link set lo up multicast on',
    'route add local ff00::/8 dev lo table local',
    'addr add 2001:db8:2::1/64 dev lo nodad',
  )
}

/** As if {@link openLoopback} had not been: the first interface with a network is the other one again. */
export function closeLoopback(namespace: Namespace): void {
  namespace.ip(
    'addr del 2001:db8:2::1/64 dev lo',
    'route del local ff00::/8 dev lo table local',
    'link set lo multicast off',
  )
}

/** Name of the hub's end of {@link joinByBridge}. */
export const BRIDGE = 'br0'

/** Hosts on one switch, the first of which is the hub's own; addresses as in {@link joinByVeth}. */
export async function joinByBridge(hub: Namespace, members: readonly Namespace[]): Promise<void> {
  // With snooping it would first have to learn who has joined what.
  hub.ip('link set lo up', `link add ${BRIDGE} type bridge mcast_snooping 0`, ...addressed(BRIDGE, 1))
  for (const [index, member] of members.entries()) {
    hub.ip(`link add port${index} type veth peer name ${VETH} netns ${member.pid}`)
    hub.ip(`link set port${index} master ${BRIDGE} up`)
    member.ip('link set lo up', ...addressed(VETH, index + 2))
  }
  await Promise.all([hub.ready(BRIDGE), ...members.map((member) => member.ready(VETH))])
}

function addressed(name: string, host: number): string[] {
  return [
    `addr add 192.0.2.${host}/24 dev ${name}`,
    // Without nodad nothing could be sent for a second.
    `addr add 2001:db8:1::${host}/64 dev ${name} nodad`,
    `link set ${name} up`,
  ]
}
