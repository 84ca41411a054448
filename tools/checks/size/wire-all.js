// Every subpath of @mimirjs/wire in one bundle: what a program that speaks all protocols carries.
export * as root from '@mimirjs/wire'
export * as content from '@mimirjs/wire/content'
export * as files from '@mimirjs/wire/files'
export * as link from '@mimirjs/wire/link'
export * as mediator from '@mimirjs/wire/mediator'
export * as peer from '@mimirjs/wire/peer'
export * as tlv from '@mimirjs/wire/tlv'
export * as tracker from '@mimirjs/wire/tracker'
