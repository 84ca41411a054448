import { describe } from 'vitest'
import * as portable from '../src/rsa/portable.js'
import { rsaSuite } from './suites/rsa.js'

describe('RSA, the portable build', () => rsaSuite(portable))
