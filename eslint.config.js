// Type-aware rules for what biome cannot see: lost promises, forgotten cases, and the arrows between packages.
import tseslint from 'typescript-eslint'
import { arrowsRule, CLOCKS } from './tools/checks/arrows.mjs'

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'site/', 'coverage/', '**/.artifacts/', '**/.pack/', '**/.turbo/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error', noInlineConfig: true } },
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: { parser: tseslint.parser },
    plugins: { '@typescript-eslint': tseslint.plugin, mimir: { rules: { arrows: arrowsRule } } },
  },
  {
    // One program over everything: faster than one per package, and siblings are seen from their sources.
    files: ['{packages,examples}/*/{src,test}/**/*.{ts,tsx}', '{tools,bench,interop}/**/*.ts'],
    languageOptions: { parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      'mimir/arrows': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
    },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    ignores: [...CLOCKS],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['setTimeout', 'setInterval'].map((name) => ({ name, message: 'Take a Clock, or give a deadline back.' })),
      ],
      'no-restricted-properties': [
        'error',
        ...[
          ['Date', 'now'],
          ['performance', 'now'],
        ].map(([object, property]) => ({ object, property, message: 'Take a Clock, or be handed nowMs.' })),
        { object: 'Math', property: 'random', message: 'Be handed random bytes.' },
      ],
    },
  },
  {
    files: ['{packages,examples}/*/src/**/*.{ts,tsx}'],
    rules: {
      '@typescript-eslint/no-array-delete': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/no-implied-eval': 'error',
      '@typescript-eslint/no-unsafe-argument': 'error',
      '@typescript-eslint/no-unsafe-assignment': 'error',
      '@typescript-eslint/no-unsafe-call': 'error',
      '@typescript-eslint/no-unsafe-member-access': 'error',
      '@typescript-eslint/no-unsafe-return': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    // In a library nobody waits for what a callback promises.
    files: ['packages/*/src/**/*.ts'],
    rules: { '@typescript-eslint/no-misused-promises': 'error' },
  },
  {
    // The TLV codec of a message becomes code once; where that is forbidden it is interpreted.
    files: ['packages/wire/src/tlv/compile.ts'],
    rules: { '@typescript-eslint/no-implied-eval': 'off', '@typescript-eslint/no-unsafe-call': 'off' },
  },
)
