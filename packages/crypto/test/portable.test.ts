import { describe } from 'vitest'
import * as portable from '../src/portable.js'
import { everySuite } from './suites/all.js'

describe('the portable build', () => everySuite(portable))
