import { dirname, resolve } from 'node:path'
import { generateSeed, publicKeyFromSeed } from '@mimirjs/crypto'
import { readKeyFile, writeKeyFile } from '@mimirjs/crypto/keyfile'
import { toHex } from '@mimirjs/wire'
import { formatContactLink, parseContactLink } from '@mimirjs/wire/link'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Context } from '../context.js'
import { CliError } from '../error.js'
import { ExitCode } from '../exit-code.js'
import { makeFolder } from '../folder.js'
import { hasDatabase, keyFile } from '../home.js'
import { openOffline, warnOfReadableKey } from '../messenger.js'
import { parsePath } from '../options.js'
import { reporting } from '../output.js'
import { terminalQr } from '../qr.js'
import type { Shell } from '../shell.js'

interface CreateOptions {
  name?: string
  from?: string
}

interface LinkOptions {
  name?: string
  qr?: boolean
}

interface ExportOptions {
  revealSecret?: boolean
  out?: string
}

export function idCommand(shell: Shell): Command {
  const name = ['--name <name>', 'what others see as your name', parseName] as const
  const create = shell
    .command('create', 'make a key; one that is there is never overwritten')
    .option(...name)
    .option('--from <file>', 'take the key in this file: 32 or 64 raw bytes, or 64 hex digits', parsePath)
    .action((options: CreateOptions, command: Command) =>
      shell.perform(command, (context) => createIdentity(context, options)),
    )
  const show = shell
    .command('show', 'print the public key, the contact link and the home folder')
    .option(...name)
    .option('--qr', 'also as a QR code')
    .action((options: LinkOptions, command: Command) =>
      shell.perform(command, (context) => showIdentity(context, options)),
    )
  const link = shell
    .command('link', 'print the contact link, which is what others need to write to you')
    .option(...name)
    .option('--qr', 'also as a QR code')
    .action((options: LinkOptions, command: Command) => shell.perform(command, (context) => showLink(context, options)))
  const exportCommand = shell
    .command('export', 'copy the secret key: who has it is you')
    .addOption(
      new Option('--out <file>', 'into a new file that only you can read')
        .argParser(parsePath)
        .conflicts('revealSecret'),
    )
    .option('--reveal-secret', 'print it to standard output as 64 hex digits')
    .action((options: ExportOptions, command: Command) =>
      shell.perform(command, (context) => exportIdentity(context, options)),
    )
  return shell
    .command('id', 'your identity: create, show, link, export')
    .addCommand(create)
    .addCommand(show)
    .addCommand(link)
    .addCommand(exportCommand)
    .addHelpText(
      'after',
      `
Examples:
  mimir id create --name Alice
  mimir id link --qr
  mimir id export --out alice.key`,
    )
}

async function createIdentity(context: Context, options: CreateOptions): Promise<ExitCode> {
  const path = keyFile(context.home)
  const seed = options.from === undefined ? generateSeed() : readKeyFile(resolve(context.io.cwd, options.from))
  makeFolder(context.home)
  writeNewKey(path, seed)
  if (options.name !== undefined) await (await openOffline(context, { name: options.name })).close()
  return reporting(`the key is made and is in ${path}`, () => showIdentity(context, options))
}

async function showIdentity(context: Context, options: LinkOptions): Promise<ExitCode> {
  const { publicKey, name, link } = await readIdentity(context, options.name)
  const { home, output } = context
  await output.result({ event: 'identity', publicKey, name, link, home }, () =>
    [
      `key   ${output.paint('bold', publicKey)}`,
      `link  ${link}`,
      `home  ${home}`,
      ...(options.qr ? [terminalQr(link, { colours: output.colours() })] : []),
    ].join('\n'),
  )
  return ExitCode.ok
}

async function showLink(context: Context, options: LinkOptions): Promise<ExitCode> {
  const { publicKey, name, link } = await readIdentity(context, options.name)
  const { output } = context
  await output.result({ event: 'link', publicKey, name, link }, () =>
    options.qr ? `${link}\n${terminalQr(link, { colours: output.colours() })}` : link,
  )
  return ExitCode.ok
}

async function exportIdentity(context: Context, options: ExportOptions): Promise<ExitCode> {
  const seed = readSeed(context)
  const publicKey = toHex(publicKeyFromSeed(seed))
  if (options.out !== undefined) {
    const path = resolve(context.io.cwd, options.out)
    makeFolder(dirname(path))
    writeNewKey(path, seed)
    const done = `secret key written to ${path}`
    await reporting(done, () => context.output.result({ event: 'exported', publicKey, path }, done))
    return ExitCode.ok
  }
  if (!options.revealSecret)
    throw new CliError(
      'usage',
      'the secret key is not shown by accident: --out FILE writes it to a file, --reveal-secret prints it',
    )
  await context.output.result({ event: 'exported', publicKey, secret: toHex(seed) }, toHex(seed))
  return ExitCode.ok
}

async function readIdentity(context: Context, chosen: string | undefined) {
  const publicKey = publicKeyFromSeed(readSeed(context))
  warnOfReadableKey(context)
  const name = chosen ?? (await storedName(context))
  return { publicKey: toHex(publicKey), name, link: formatContactLink({ publicKey, name }) }
}

/** The name is in the database; a process that has it open keeps it to itself. */
async function storedName(context: Context): Promise<string> {
  if (!hasDatabase(context.home)) return ''
  try {
    await using messenger = await openOffline(context)
    return parseContactLink(messenger.link).name
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'in-use')) throw error
    context.output.status('the name is not in the link, because another process has the database open: see --name')
    return ''
  }
}

/** @throws {CliError} `no-identity` */
function readSeed(context: Context): Uint8Array {
  const path = keyFile(context.home)
  try {
    return readKeyFile(path)
  } catch (cause) {
    if (!isKeyFileError(cause, 'key-file-missing')) throw cause
    throw new CliError('no-identity', `there is no key in ${context.home}: 'mimir id create' makes one`, { cause })
  }
}

/** @throws {CliError} `exists` */
function writeNewKey(path: string, seed: Uint8Array): void {
  try {
    writeKeyFile(path, seed)
  } catch (cause) {
    if (!isKeyFileError(cause, 'key-file-exists')) throw cause
    throw new CliError('exists', `${path} exists and was left as it is: a key is never overwritten`, { cause })
  }
}

function isKeyFileError(error: unknown, code: string): boolean {
  return error instanceof Error && error.name === 'CryptoError' && 'code' in error && error.code === code
}

/** A name that a contact link can carry. */
export function parseName(name: string): string {
  try {
    formatContactLink({ publicKey: new Uint8Array(32), name })
    return name
  } catch {
    throw new InvalidArgumentError('Expected at most 256 characters, none of them a control character')
  }
}
