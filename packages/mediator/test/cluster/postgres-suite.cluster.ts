import { storeSuite } from '../stores/suite.js'
import { openSchema } from './support/schema.js'

storeSuite('PostgreSQL', () => openSchema())
