import { render } from 'preact'
import { Chat } from './model/chat.js'
import { profileOf } from './model/settings.js'
import { App } from './view/App.js'
import { ChatContext } from './view/use-chat.js'

/** What the server that gave us the page says. */
interface Config {
  readonly servers: readonly string[]
  readonly iceServers: readonly RTCIceServer[]
}

const CONFIG_KEY = 'web-chat-config'

/** Without a network the page opens with what it was told last. */
async function loadConfig(): Promise<Config> {
  try {
    const response = await fetch('/config.json')
    if (!response.ok) throw new Error(`the server answered ${response.status}`)
    const text = await response.text()
    localStorage.setItem(CONFIG_KEY, text)
    return JSON.parse(text) as Config
  } catch {
    return JSON.parse(localStorage.getItem(CONFIG_KEY) ?? '{"servers":[],"iceServers":[]}') as Config
  }
}

async function start(): Promise<void> {
  if ('serviceWorker' in navigator) navigator.serviceWorker.register('/sw.js').catch(() => {})
  const pageUrl = `${location.origin}${location.pathname}`
  const chat = new Chat({ ...(await loadConfig()), profile: profileOf(location.search), pageUrl })
  document.documentElement.dataset['theme'] = chat.settings.theme
  const openLink = (): void => {
    if (location.hash.length < 2) return
    chat.consider(decodeURI(location.hash.slice(1)))
    history.replaceState(null, '', location.pathname + location.search)
  }
  window.addEventListener('hashchange', openLink)
  window.addEventListener('online', () => chat.refresh(true))
  window.addEventListener('offline', () => chat.refresh(false))
  document.addEventListener('visibilitychange', () => document.hidden || chat.refresh(navigator.onLine))
  window.addEventListener('pagehide', () => void chat.close())
  const app = document.getElementById('app')
  if (app === null) throw new Error('the page has no place for the app')
  render(
    <ChatContext.Provider value={chat}>
      <App />
    </ChatContext.Provider>,
    app,
  )
  await chat.open()
  openLink()
}

void start()
