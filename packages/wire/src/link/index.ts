export {
  type ContactLink,
  formatContactLink,
  MAX_LINK_NAME_CHARACTERS,
  type ParseContactLinkOptions,
  parseContactLink,
} from './contact.js'
