// What a page of the tests loads. They call it from Node.
import { Person } from './person.js'

export interface PageGlobals {
  Person: typeof Person
}

;(globalThis as unknown as PageGlobals).Person = Person
