// What `npm start` can run.

/**
 * `hasHelp`: it has options of its own, and says them.
 * @typedef {{ about: string, packageName: string, main: string, hasHelp?: true }} Variant
 */

/**
 * By the name of `npm start -- NAME`.
 * @type {Record<string, Variant>}
 */
export const VARIANTS = {
  'two-people': {
    about: 'two people find each other, talk, one is killed, nothing is lost',
    packageName: '@mimirjs/example-two-people',
    main: 'examples/two-people/dist/main.js',
  },
  chat: {
    about: 'a chat in the terminal, with somebody who answers',
    packageName: '@mimirjs/example-chat',
    main: 'examples/chat/dist/main.js',
  },
  groups: {
    about: 'a group over a mediator: roles, a ban, somebody who catches up, a mediator that is killed',
    packageName: '@mimirjs/example-groups',
    main: 'examples/groups/dist/main.js',
  },
  overlay: {
    about: 'two people over Yggdrasil, through a real yggdrasil-go node where there is Go',
    packageName: '@mimirjs/example-two-people',
    main: 'examples/two-people/dist/overlay.js',
  },
  web: {
    about: 'a chat between browsers: serves the page and a server where they meet, and says where; web --help has more',
    packageName: '@mimirjs/example-web-chat',
    main: 'examples/web-chat/dist/main.js',
    hasHelp: true,
  },
}

/**
 * @param {readonly string[]} args of `npm start`
 * @returns the variant that they name, if there is such, what is left for it, and whether they ask what there is instead
 */
export function readStart([first, ...rest]) {
  const isNamed = first !== undefined && !first.startsWith('-')
  const name = isNamed ? first : 'two-people'
  const args = isNamed || first === undefined ? rest : [first, ...rest]
  const variant = Object.hasOwn(VARIANTS, name) ? VARIANTS[name] : undefined
  return { name, variant, args, wantsUsage: args.includes('--help') && !variant?.hasHelp }
}
