/** How the running process speaks: the inbox on stdout, all else on stderr; with `--json` one object a line. */
import { relative } from 'node:path'
import { oneLine } from '../../observe/plain-text.ts'
import type { TakenIn } from '../mail-in.ts'
import type { News } from '../server/news.ts'
import type { Voice } from '../server/running.ts'
import { countsText } from '../tally.ts'
import { asTyped } from './program-name.ts'
import type { Call } from './verb.ts'
import { inboxView } from './views/inbox-view.ts'
import { count, viewOf } from './views/view.ts'

/** Items of the inbox at the start: as many as a terminal shows at once, within these. */
const FEWEST = 4
const MOST = 10
const LINES_OF_ITEM = 5
const OTHER_LINES = 13

export function upVoice(call: Call): Voice {
  return call.out.json ? jsonVoice(call) : spokenVoice(call)
}

function jsonVoice({ out }: Call): Voice {
  const tell = (what: string, more: object = {}): void => void out.row({ what, ...more })
  return {
    progress: (line) => out.progress(line),
    note: (line) => out.note(line),
    started: (started) => tell('started', { pid: process.pid, ...started }),
    ready: (taken, items) => tell('ready', { taken, inbox: items }),
    news: (news) => tell('news', { news }),
    taken: (taken, reviews) => tell('taken', { taken, reviews }),
    stopping: () => tell('stopping'),
  }
}

function spokenVoice(call: Call): Voice {
  const { out, options, dir, command } = call
  const { bold } = out.noteColors
  const serves = options.once !== true
  return {
    progress: (line) => out.progress(line),
    note: (line) => out.note(asTyped(line, command)),
    started({ sample }) {
      if (sample > 0) out.note(`Delivered the sample mailbox: ${count(sample, 'message')} to ${inboxOf(dir)}`)
    },
    ready(taken, items) {
      if (taken !== null) out.note(takenText(taken, items.length))
      for (const { ref, error } of taken?.problems ?? []) out.note(`Not read as mail: ${ref}: ${error}`)
      out.note('')
      out.text(inboxView(items, viewOf(call), roomFor()))
      if (serves) {
        const where = `${bold('Serving')} ${placeOf(dir)} until Ctrl-C.`
        out.note(`\n${where} Type commands in another terminal.`)
      }
    },
    news: (news) => out.note(newsLine(news, call)),
    taken: (taken, reviews) => out.note(`${clock(Date.now())}  ${takenText(taken, reviews)}`),
    stopping: () => out.note('Stopping: letting finish what is under way …'),
  }
}

function roomFor(): number {
  const { rows } = process.stdout
  if (!rows) return MOST
  return Math.max(FEWEST, Math.min(MOST, Math.floor((rows - OTHER_LINES) / LINES_OF_ITEM)))
}

function takenText(taken: TakenIn, reviews: number): string {
  return `${countsText(taken)}; ${count(reviews, 'review')} ${reviews === 1 ? 'waits' : 'wait'}`
}

const WORDS: Readonly<Record<News['what'], string>> = {
  review: 'waits for you',
  closed: 'closed',
  sent: 'sent',
  unreadable: 'not read as mail',
  stuck: 'STUCK',
}

function newsLine({ time, what, text, review, run }: News, { command }: Call): string {
  const next = review
    ? `: ${command(`review ${review}`)}`
    : what === 'stuck'
      ? `: ${command(`run show ${run}`)}`
      : ''
  return `${clock(time)}  ${WORDS[what]}: ${oneLine(text)}${next}`
}

function clock(timeMs: number): string {
  return new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(
    timeMs,
  )
}

/** As short as it can be said from here. */
function placeOf(dir: string): string {
  const near = relative(process.cwd(), dir)
  return near === '' ? 'this folder' : near.startsWith('..') ? dir : near
}

function inboxOf(dir: string): string {
  return `the inbox folder of ${placeOf(dir)}`
}
