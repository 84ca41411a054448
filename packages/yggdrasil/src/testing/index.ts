export { type MemoryLinks, type MemoryLinksOptions, memoryLinks } from './memory-links.js'
