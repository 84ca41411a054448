import { afterEach } from 'vitest'
import { leftovers } from './leftovers.js'

afterEach(async () => {
  for (const clean of leftovers.splice(0).reverse()) await clean()
})
