import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calendarPart } from './calendar.ts'

const invitation = (start: string) =>
  [
    'BEGIN:VCALENDAR',
    'METHOD:request',
    'BEGIN:VTIMEZONE',
    'TZID:Europe/Berlin',
    'BEGIN:STANDARD',
    'DTSTART:19701025T030000',
    'END:STANDARD',
    'END:VTIMEZONE',
    'BEGIN:VEVENT',
    'SUMMARY;LANGUAGE=de:Treffen\\, kurz: Ange',
    ' bot',
    `DTSTART${start}`,
    'ORGANIZER;CN="Berg: Anna":mailto:Anna@Berg.example',
    'END:VEVENT',
    'END:VCALENDAR',
  ].join('\r\n')

test('the facts of an invitation', () => {
  assert.deepEqual(calendarPart(invitation(';TZID=Europe/Berlin:20261005T101500')), {
    method: 'REQUEST',
    summary: 'Treffen, kurz: Angebot',
    start: '2026-10-05T10:15:00+02:00',
    organizer: 'anna@berg.example',
  })
})

for (const [start, expected] of [
  [':20261005T101500Z', '2026-10-05T10:15:00Z'],
  [';VALUE=DATE:20261005', '2026-10-05'],
  [':20261005T101500', '2026-10-05T10:15:00'],
  [';TZID=Europe/Berlin:20261205T101500', '2026-12-05T10:15:00+01:00'],
  [';TZID=Europe/London:20261205T101500', '2026-12-05T10:15:00+00:00'],
  [';TZID="W. Europe Standard Time":20261005T101500', '2026-10-05T10:15:00'],
  [':tomorrow', ''],
  [';TZID=Europe/Berlin:20269999T999999', '2026-99-99T99:99:99'],
] as const) {
  test(`start ${start}`, () => assert.equal(calendarPart(invitation(start))?.start, expected))
}

test('what is not a calendar is null', () => {
  assert.equal(calendarPart('hello'), null)
  assert.equal(calendarPart(''), null)
})
