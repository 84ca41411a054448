// Shows that the other tests of this run are where they claim to be.
import * as crypto from '@mimirjs/crypto'
import * as portable from '@mimirjs/crypto/portable'
import { expect, test } from 'vitest'

interface Browser {
  readonly navigator?: { readonly userAgent: string }
  readonly document?: object
  readonly Buffer?: unknown
}

test('this is Chromium, and nothing of Node is here', () => {
  const here = globalThis as Browser
  expect(here.navigator?.userAgent).toContain('Chrome/')
  expect(here.document).toBeDefined()
  expect(here.Buffer).toBeUndefined()
})

test('a bundler for browsers takes the portable build of crypto', () => {
  expect(crypto.sha256).toBe(portable.sha256)
})
