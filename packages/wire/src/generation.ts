/**
 * The three generations of the Mimir protocols. They share their messages and differ in transport, timers and some
 * bytes; every difference is a row in a table, keyed by this value.
 */
export type Generation = 'classic' | 'overlay' | 'current'
