/** The few facts of an invitation (RFC 5545) that a workflow needs. */
import type { CalendarPart } from './message.ts'

interface Property {
  readonly name: string
  readonly parameters: string
  readonly value: string
}

/** The first event of a calendar part; null when the text is not a calendar. */
export function calendarPart(text: string): CalendarPart | null {
  const properties = propertiesOf(text)
  const isBegin = (what: string) => (property: Property) =>
    property.name === 'BEGIN' && property.value.toUpperCase() === what
  if (!properties.some(isBegin('VCALENDAR'))) return null
  const event = properties.slice(properties.findIndex(isBegin('VEVENT')) + 1)
  const find = (name: string, among = event) => among.find((property) => property.name === name)
  const start = find('DTSTART')
  return {
    method: (find('METHOD', properties)?.value ?? 'PUBLISH').toUpperCase(),
    summary: unescapeText(find('SUMMARY')?.value ?? ''),
    start: start === undefined ? '' : isoStart(start),
    organizer: (find('ORGANIZER')?.value ?? '').replace(/^mailto:/i, '').toLowerCase(),
  }
}

function propertiesOf(text: string): Property[] {
  const lines = text.replace(/\r?\n[ \t]/g, '').split(/\r?\n/)
  return lines.flatMap((line) => {
    const match = /^([A-Za-z-]+)((?:;[^:";]*(?:"[^"]*"[^:";]*)*)*):(.*)$/.exec(line)
    if (match === null) return []
    return [
      { name: (match[1] ?? '').toUpperCase(), parameters: match[2] ?? '', value: (match[3] ?? '').trim() },
    ]
  })
}

function unescapeText(value: string): string {
  return value.replace(/\\([nN,;\\])/g, (_, sign: string) => (sign.toLowerCase() === 'n' ? ' ' : sign))
}

/** DTSTART as ISO 8601: a date, a time in UTC, a time with offset, or a local time when the zone is unknown. */
function isoStart({ parameters, value }: Property): string {
  const match = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/.exec(value)
  if (match === null) return ''
  const [, year, month, day, hour, minute, second, utc] = match
  const date = `${year}-${month}-${day}`
  if (hour === undefined) return date
  const local = `${date}T${hour}:${minute}:${second}`
  if (utc === 'Z') return `${local}Z`
  const zone = /TZID="?([^";:]+)/i.exec(parameters)?.[1]
  return zone === undefined ? local : local + offsetAt(zone, local)
}

/** `+02:00` for a zone at a local time; '' for a zone that is not in the IANA list. */
function offsetAt(zone: string, local: string): string {
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
    const offset = (time: number) => /GMT([+-]\d\d:\d\d)/.exec(format.format(time))?.[1] ?? '+00:00'
    const guess = offset(Date.parse(`${local}Z`))
    return offset(Date.parse(`${local}${guess}`))
  } catch {
    return ''
  }
}
