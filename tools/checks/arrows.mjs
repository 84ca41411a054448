// The arrows of the house, as tables and the lint rule that holds them.
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { root } from '../lib/process.mjs'

/**
 * Which packages of ours the sources of a package may import. Arrows go down only: see docs/architecture.md.
 * @type {Record<string, readonly string[]>}
 */
export const ARROWS = {
  wire: [],
  crypto: [],
  transport: [],
  store: [],
  peer: ['wire', 'crypto', 'transport'],
  yggdrasil: ['crypto', 'transport'],
  'resolver-client': ['wire', 'crypto', 'transport'],
  'mediator-client': ['wire', 'crypto', 'transport'],
  multicast: ['wire', 'crypto', 'transport'],
  rendezvous: ['wire', 'crypto', 'transport'],
  tracker: ['wire', 'crypto', 'transport', 'store'],
  mediator: ['wire', 'crypto', 'transport', 'store'],
  messenger: [
    'wire',
    'crypto',
    'transport',
    'store',
    'yggdrasil',
    'peer',
    'resolver-client',
    'mediator-client',
    'multicast',
    'rendezvous',
  ],
  cli: [
    'wire',
    'crypto',
    'transport',
    'store',
    'yggdrasil',
    'peer',
    'resolver-client',
    'mediator-client',
    'multicast',
    'rendezvous',
    'tracker',
    'mediator',
    'messenger',
  ],
}

/**
 * The only source files that may import something that is not ours: Node's modules and third-party packages. What is
 * not named here is portable. A module name ends at its subpath: `@noble/curves` allows `@noble/curves/ed25519.js`.
 * @type {Record<string, readonly string[]>}
 */
const ADAPTERS = {
  'packages/cli/src/**': [
    'commander',
    'qr',
    'string-width',
    'node:child_process',
    'node:crypto',
    'node:fs',
    'node:os',
    'node:path',
    'node:stream',
    'node:tty',
  ],
  'packages/crypto/src/box/script.ts': ['@noble/ciphers'],
  'packages/crypto/src/portable/**': ['@noble/curves', '@noble/hashes', '@noble/ciphers'],
  'packages/crypto/src/native/**': ['node:crypto'],
  'packages/crypto/src/rsa/node.ts': ['node:crypto'],
  'packages/crypto/src/rsa/portable.ts': ['@noble/hashes'],
  'packages/crypto/src/keyfile.ts': ['node:fs'],
  'packages/crypto/src/keyfile/**': ['node:crypto', 'node:fs', 'node:path'],
  'packages/mediator/src/http.ts': ['node:http', 'node:net'],
  'packages/mediator/src/nats.ts': ['@nats-io/transport-node'],
  'packages/mediator/src/stores/postgres.ts': ['pg'],
  'packages/mediator/src/stores/postgres/**': ['pg'],
  'packages/messenger/src/platform/node.ts': ['node:path'],
  'packages/messenger/src/platform/node/**': ['node:async_hooks', 'node:fs', 'node:os', 'node:path', 'node:process'],
  'packages/messenger/src/opentelemetry.ts': ['@opentelemetry/api'],
  'packages/messenger/src/prometheus.ts': ['prom-client'],
  'packages/messenger/src/testing/file-server/disk.ts': ['node:fs', 'node:path'],
  'packages/multicast/src/udp/**': ['node:dgram', 'node:os'],
  'packages/rendezvous/src/server/**': ['node:crypto', 'node:http', 'node:https', 'node:net', 'node:stream', 'ws'],
  'packages/rendezvous/src/node/**': ['@roamhq/wrtc', 'ws'],
  'packages/store/src/backup.ts': ['node:fs', 'node:path'],
  'packages/store/src/database.ts': ['node:fs'],
  'packages/store/src/driver-better.ts': ['node:buffer'],
  'packages/store/src/file.ts': ['node:fs', 'node:path'],
  'packages/store/src/load-driver.ts': ['node:module', 'node:path', 'node:sqlite', 'better-sqlite3', 'libsql'],
  'packages/tracker/src/open-store.ts': ['node:fs'],
  'packages/transport/src/tcp/**': ['node:net'],
  'packages/transport/src/udp/**': ['node:dgram', 'node:dns'],
  'packages/transport/src/ws/dial.ts': ['node:net', 'node:tls', 'ws'],
  'packages/transport/src/ws/listen.ts': ['node:http', 'node:https', 'node:net', 'ws'],
  'packages/transport/src/ws/socket.ts': ['ws'],
  'packages/yggdrasil/src/links/native/**': [
    'node:crypto',
    'node:dns',
    'node:fs',
    'node:http',
    'node:net',
    'node:tls',
    'ws',
  ],
  'packages/transport/src/testing/proxy.ts': ['node:net'],
}

/**
 * The only source files that may ask the system for the time or for chance. Everything else is handed both.
 * @type {readonly string[]}
 */
export const CLOCKS = [
  'packages/cli/src/**',
  'packages/transport/src/clock.ts',
  'packages/transport/src/tcp/dial.ts',
  'packages/transport/src/testing/**',
]

/** The modules that a file may import; in the table `a/**` stands for all files below `a/`. @param {string} file */
function allowedOutside(file) {
  return Object.entries(ADAPTERS)
    .filter(([pattern]) => (pattern.endsWith('/**') ? file.startsWith(pattern.slice(0, -2)) : file === pattern))
    .flatMap(([, modules]) => modules)
}

/** `@noble/curves/ed25519.js` → `@noble/curves`, `node:fs/promises` → `node:fs`. @param {string} specifier */
function moduleName(specifier) {
  const parts = specifier.split('/')
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

/**
 * What is wrong with one import; `undefined` when nothing is.
 * @param {string} file path in the repository, with `/`
 * @param {string} specifier
 * @returns {string | undefined}
 */
export function judgeImport(file, specifier) {
  const [, short] = /^packages\/([^/]+)\/src\//.exec(file) ?? []
  if (short === undefined) return undefined
  const allowed = ARROWS[short]
  if (allowed === undefined) return `package ${short} has no row in tools/checks/arrows.mjs`
  if (specifier.startsWith('.')) {
    const target = path.posix.join(path.posix.dirname(file), specifier)
    return target.startsWith(`packages/${short}/src/`) ? undefined : `${specifier} leaves packages/${short}/src`
  }
  // One of its own files, which one depends on the platform: `imports` of its package.json.
  if (specifier.startsWith('#')) return undefined
  const name = moduleName(specifier)
  if (name.startsWith('@mimirjs/')) {
    const target = name.slice('@mimirjs/'.length)
    if (target === short) return `import a neighbour by its relative path, not by ${specifier}`
    return allowed.includes(target) ? undefined : `${short} must not know ${target}: arrows go down only`
  }
  if (isBuiltin(specifier) && !specifier.startsWith('node:')) return `write node:${specifier}`
  if (allowedOutside(file).includes(name)) return undefined
  return `${name} is not ours: only files named in ADAPTERS of tools/checks/arrows.mjs may import it`
}

/**
 * An ESLint rule of our own, because `no-restricted-imports` sees neither `import()` nor `require()` nor a path that
 * leaves the package.
 * @type {import('eslint').Rule.RuleModule}
 */
export const arrowsRule = {
  meta: { type: 'problem', schema: [], docs: { description: 'Packages import downwards only' } },
  create(context) {
    const file = path.relative(root, context.filename).split(path.sep).join('/')
    /** @param {any} literal what an import names, when it is a literal */
    const judge = (literal) => {
      const message = typeof literal?.value === 'string' ? judgeImport(file, literal.value) : undefined
      if (message) context.report({ node: literal, message })
    }
    /** @param {any} node */
    const judgeSource = (node) => judge(node.source)
    return {
      ImportDeclaration: judgeSource,
      ExportNamedDeclaration: judgeSource,
      ExportAllDeclaration: judgeSource,
      ImportExpression: judgeSource,
      TSImportType: judgeSource,
      CallExpression(node) {
        const isRequire = node.callee.type === 'Identifier' && /^require/.test(node.callee.name)
        if (isRequire) judge(node.arguments[0])
      },
    }
  },
}
