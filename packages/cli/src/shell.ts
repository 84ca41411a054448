import type { MediatorAddress, MulticastOptions, RendezvousIceServer } from '@mimirjs/messenger'
import type { Generation } from '@mimirjs/wire'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { Context } from './context.js'
import { CliError } from './error.js'
import { ExitCode } from './exit-code.js'
import { homeFolder } from './home.js'
import type { CliIo, OutputStream } from './io.js'
import { parseInterface, parseInterfaceHere } from './local-network.js'
import {
  iceServerParser,
  listParser,
  mediatorParser,
  parseIceServer,
  parseMediator,
  parseNodeUri,
  parsePath,
  parseRendezvousServer,
  parseTracker,
} from './options.js'
import { isClosedPipe, Output, writeTo } from './output.js'
import { type Stop, watchSignals, whenAborted } from './stop.js'

interface SharedOptions {
  home?: string
  tracker?: string[]
  mediator?: MediatorAddress[]
  peer?: string[]
  /** `true`: given without a value. */
  multicast?: MulticastOptions | true
  rendezvous?: string[]
  iceServer?: RendezvousIceServer[]
  relayOnly?: boolean
  /** Of the commands that talk to one person. */
  address?: string[]
  /** Of `listen`. `true`: at its default address. */
  ws?: string | true
  generation?: Generation
  json?: boolean
  quiet?: boolean
  verbose?: boolean
}

/** One run of the command: what the command files hang their commands on. */
export class Shell {
  readonly #io: CliIo
  #exitCode: number = ExitCode.ok
  /** Help and version on their way. */
  #writing: Promise<unknown> = Promise.resolve()

  constructor(io: CliIo) {
    this.#io = io
  }

  /**
   * A command with the options that all commands share. They stand on every command, so that they can be written where
   * one thinks of them, before or behind its name.
   */
  command(name: string, description: string): Command {
    return shareOptions(new Command(name))
      .description(description)
      .helpOption('-h, --help', 'show this help')
      .showSuggestionAfterError(true)
      .exitOverride()
      .configureOutput({
        writeOut: (text) => this.#write(this.#io.stdout, text),
        writeErr: (text) => this.#write(this.#io.stderr, text),
        // Said by `run` instead, in one line.
        outputError: () => {},
      })
  }

  /** What a command does that is given alone; a word that is no command of it stays an unknown one. */
  setDefault(parent: Command, child: Command): Command {
    return parent.addCommand(child, { isDefault: true }).hook('preSubcommand', ({ args: [word = '-'], commands }) => {
      if (word.startsWith('-') || commands.some((known) => known.name() === word || known.aliases().includes(word)))
        return
      parent.error(`error: unknown command '${word}'`, { code: 'commander.unknownCommand' })
    })
  }

  /** The body of a command: its exit code becomes ours, and what it throws is reported. */
  async perform(command: Command, work: (context: Context) => Promise<ExitCode>): Promise<void> {
    const stop = watchSignals(this.#io.signals)
    try {
      const context = this.#context(command.optsWithGlobals<SharedOptions>(), stop)
      const forced = whenAborted(stop.forced).then(() => ExitCode.interrupted)
      this.#exitCode = await Promise.race([this.#guarded(context.output, () => work(context)), forced])
    } finally {
      stop.dispose()
    }
  }

  /** @returns the exit code */
  async run(program: Command, args: readonly string[]): Promise<number> {
    const plain = new Output(this.#io, { json: args.includes('--json'), verbosity: 'normal' })
    // Writes report their failures themselves; without a listener the stream's own event would end the process.
    const ignore = (): void => {}
    this.#io.stdout.on('error', ignore)
    this.#io.stderr.on('error', ignore)
    try {
      await program.parseAsync(args, { from: 'user' })
      return this.#exitCode
    } catch (error) {
      if (!(error instanceof CommanderError)) return plain.failure(error)
      const written = await this.#guarded(plain, async () => {
        await this.#writing
        return ExitCode.ok
      })
      if (error.exitCode === 0) return written
      // Commander has written the help to stderr already where that is its answer.
      if (error.code !== 'commander.help') plain.failure(usageError(error))
      return ExitCode.usage
    } finally {
      this.#io.stdout.off('error', ignore)
      this.#io.stderr.off('error', ignore)
    }
  }

  #write(stream: OutputStream, text: string): void {
    this.#writing = Promise.all([this.#writing, writeTo(stream, text)])
    this.#writing.catch(() => {})
  }

  async #guarded(output: Output, work: () => Promise<number>): Promise<number> {
    try {
      return await work()
    } catch (error) {
      // `mimir history … | head`: the reader has what it wanted.
      if (error instanceof CliError && error.code === 'output' && isClosedPipe(error)) return ExitCode.ok
      return output.failure(error)
    }
  }

  #context(options: SharedOptions, stop: Stop): Context {
    const output = new Output(this.#io, {
      json: options.json ?? false,
      verbosity: options.verbose ? 'verbose' : options.quiet ? 'quiet' : 'normal',
    })
    const peers = options.peer ?? listOf('MIMIR_PEERS', this.#io.env, parseNodeUri)
    const trackers = options.tracker ?? listOf('MIMIR_TRACKERS', this.#io.env, parseTracker)
    const [multicast, another] = listOf('MIMIR_MULTICAST', this.#io.env, parseInterface)
    if (another !== undefined) throw new CliError('usage', 'MIMIR_MULTICAST: expected one interface, got several')
    const mediators = options.mediator ?? listOf('MIMIR_MEDIATORS', this.#io.env, parseMediator)
    const addresses = [...(options.address ?? []), ...trackers, ...mediators.map(({ address }) => address)]
    const local = options.multicast === true ? {} : (options.multicast ?? multicast)
    const rendezvous = options.rendezvous ?? listOf('MIMIR_RENDEZVOUS', this.#io.env, parseRendezvousServer)
    const iceServers = options.iceServer ?? listOf('MIMIR_ICE_SERVERS', this.#io.env, parseIceServer)
    const relayOnly = options.relayOnly ?? false
    if (relayOnly && rendezvous.length === 0)
      throw new CliError('usage', '--relay-only is about people met through --rendezvous: name a server')
    if (relayOnly && !iceServers.some(({ credential }) => credential !== undefined))
      throw new CliError(
        'usage',
        '--relay-only needs a TURN server: give --ice-server turn:<user>:<password>@<host>:<port>',
      )
    checkNetworks(addresses, { overlay: peers.length > 0, local: local !== undefined })
    // Whoever is met in these ways speaks nothing older.
    const isCurrent = peers.length > 0 || rendezvous.length > 0 || options.ws !== undefined
    return {
      io: this.#io,
      output,
      home: homeFolder(this.#io, options.home),
      peers,
      multicast: local,
      rendezvous,
      iceServers,
      relayOnly,
      trackers,
      mediators,
      generation: options.generation ?? generationOf(this.#io.env['MIMIR_GENERATION'], isCurrent),
      stop: stop.requested,
      force: stop.forced,
      logger: {
        debug: (fields, message) => output.log('debug', fields, message),
        info: (fields, message) => output.log('info', fields, message),
        warn: (fields, message) => output.log('warn', fields, message),
        error: (fields, message) => output.log('error', fields, message),
      },
    }
  }
}

function shareOptions(command: Command): Command {
  return command
    .option('--home <folder>', 'folder of the identity (default: $MIMIR_HOME, else ~/.mimir)', parsePath)
    .option(
      '--tracker <address>',
      'tracker to ask and to announce at, such as udp://[200:…]:5050, or with --peer ygg://8a88…:69; may be repeated (default: $MIMIR_TRACKERS, comma separated)',
      listParser(parseTracker),
    )
    .option(
      '--mediator <key@address>',
      'server of groups, such as 8a88…@tcp://[200:…]:5042, or on the overlay its key alone; may be repeated, the first makes new groups (default: $MIMIR_MEDIATORS, comma separated)',
      mediatorParser,
    )
    .option(
      '--peer <uri>',
      'reach others over Yggdrasil, through this node of it, such as tls://[2001:db8::7]:443; may be repeated (default: $MIMIR_PEERS, comma separated)',
      listParser(parseNodeUri),
    )
    .option(
      '--multicast [interface]',
      'find people on the local network, without any server, and be found there; the interface by name or by an address of it (default: $MIMIR_MULTICAST, else off; auto or nothing behind it: the first that fits, over IPv4)',
      parseInterfaceHere,
    )
    .option(
      '--rendezvous <url>',
      'meet people directly over WebRTC, those in browsers too, through this server, such as wss://meet.example; may be repeated (default: $MIMIR_RENDEZVOUS, comma separated)',
      listParser(parseRendezvousServer),
    )
    .option(
      '--ice-server <url>',
      'STUN or TURN server for that, such as stun:meet.example:3478 or turn:user:password@meet.example; may be repeated (default: $MIMIR_ICE_SERVERS, comma separated)',
      iceServerParser,
    )
    .option('--relay-only', 'meet people only through a TURN server of those, so that nobody met sees our IP address')
    .addOption(
      new Option(
        '--generation <name>',
        'which apps to talk with; both sides speak the same (default: $MIMIR_GENERATION, else current with --peer, --rendezvous or listen --ws, classic without)',
      ).choices(GENERATIONS),
    )
    .option('--json', 'one JSON object per line, for scripts')
    .addOption(new Option('-q, --quiet', 'only results and failures').conflicts('verbose'))
    .addOption(new Option('-v, --verbose', 'log to stderr').conflicts('quiet'))
}

const GENERATIONS: readonly Generation[] = ['classic', 'overlay', 'current']

/** What is on a network needs the option that leads there. @throws {CliError} `usage` */
function checkNetworks(addresses: readonly string[], { overlay, local }: { overlay: boolean; local: boolean }): void {
  const onOverlay = addresses.find((address) => address.startsWith('ygg://'))
  if (onOverlay !== undefined && !overlay)
    throw new CliError(
      'usage',
      `${onOverlay} is on the overlay: give --peer as well, a node of Yggdrasil to connect to`,
    )
  const onLocal = addresses.find((address) => address.startsWith('mp2p://'))
  if (onLocal !== undefined && !local)
    throw new CliError('usage', `${onLocal} is on the local network: give --multicast as well`)
}

/** @throws {CliError} `usage` */
function generationOf(name = '', isCurrent: boolean): Generation {
  const generation = GENERATIONS.find((known) => known === (name || (isCurrent ? 'current' : 'classic')))
  if (generation === undefined) {
    throw new CliError('usage', `MIMIR_GENERATION: expected ${GENERATIONS.join(', ')}, got '${name}'`)
  }
  return generation
}

/** The list in a variable, comma separated. @throws {CliError} `usage` */
function listOf<T>(name: string, env: CliIo['env'], parse: (text: string) => T): T[] {
  try {
    return (env[name] ?? '')
      .split(',')
      .map((text) => text.trim())
      .filter((text) => text !== '')
      .map((text) => parse(text))
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause
    throw new CliError('usage', `${name}: ${cause.message}`, { cause })
  }
}

function usageError(error: CommanderError): CliError {
  const message = error.message.replace(/^error: /, '')
  return new CliError('usage', `${message}; 'mimir --help' shows what there is`, { cause: error })
}
