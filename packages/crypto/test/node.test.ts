import { describe } from 'vitest'
import * as node from '../src/node.js'
import { everySuite } from './suites/all.js'

describe('the build for Node', () => everySuite(node))
