// Somebody to talk to: answers, reacts, and does on demand what a chat has to cope with.
import type { IncomingMessage, Messenger } from '@mimirjs/messenger'

const HELP = `I say again what you write, and now and then I react.
/file     a file: choose it with Up, s saves it
/long     a long answer in many scripts
/edit     an answer that I change afterwards
/many     thirty messages at once
/request  somebody else asks to be your contact
/quiet    no answer at all`

const LONG = [
  'A long answer, so that you see how it is wrapped at the edge of the window and how you scroll through it with the keys.',
  '它也有沒有空格的文字,這樣你就可以看到它們是如何換行的。',
  'Und auf Deutsch mit Umlauten: Größe, Straße, Übermut.',
  'مرحبا بك في هذه المحادثة',
  'Emoji: 👍🏽 👩‍💻 🇩🇪 ❤️ 🎉',
].join('\n')

const EMOJI = ['👍', '😂', '🎉', '❤️'] as const
/** Every so many texts get a reaction as well. */
const REACT_EVERY = 3
const EDIT_AFTER_MS = 1_500

/** @param ida - who asks to be a contact when told to */
export function startEcho(echo: Messenger, ida: Messenger): void {
  let texts = 0
  echo.on('message', async (message) => {
    if (message.kind === 'file' || message.kind === 'image') await message.reply(fileText(message))
    if (message.kind !== 'text') return
    texts++
    if (texts % REACT_EVERY === 0) await message.send(message.from, reactionTo(message, texts))
    await answer(echo, ida, message)
  })
}

function reactionTo({ id }: IncomingMessage, texts: number): { reaction: string; replyTo: string } {
  return { reaction: EMOJI[Math.floor(texts / REACT_EVERY) % EMOJI.length] ?? '👍', replyTo: id }
}

function fileText({ file, kind }: IncomingMessage): string {
  return `thank you for the ${kind} ${file?.name ?? ''}, ${file?.sizeBytes ?? 0} bytes`
}

async function answer(echo: Messenger, ida: Messenger, message: IncomingMessage): Promise<void> {
  switch (message.text.trim()) {
    case '/help':
      await message.send(message.from, HELP)
      break
    case '/file':
      await message.send(message.from, {
        file: {
          bytes: new TextEncoder().encode(`${LONG}\n`.repeat(2_000)),
          name: 'a long answer.txt',
          mimeType: 'text/plain',
        },
        text: 'here is a file',
      })
      break
    case '/long':
      await message.reply(LONG)
      break
    case '/edit':
      await edited(echo, message)
      break
    case '/many':
      for (let number = 1; number <= 30; number++) await message.send(message.from, `message ${number} of 30`)
      break
    case '/request':
      await message.reply('look at the list at the left')
      await ida.requestContact(message.from, { message: 'Echo told me about you. Shall we talk?' })
      break
    case '/quiet':
      break
    default:
      await message.send(message.from, `you said: ${message.text}`)
  }
}

/** The change comes when the text has been seen. */
async function edited(echo: Messenger, message: IncomingMessage): Promise<void> {
  const { id, to } = await message.reply('in a moment this wil be correct')
  setTimeout(() => {
    echo.send(to, { edit: id, text: 'in a moment this will be correct' }).catch(() => {})
  }, EDIT_AFTER_MS)
}
