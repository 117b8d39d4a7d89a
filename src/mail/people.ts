/** Who a mail is from and to. */
import type { AddressObject, EmailAddress, ParsedMail } from 'mailparser'
import { cleanLine } from './clean.ts'
import { headerValue } from './headers.ts'
import type { Address, MailMessage } from './message.ts'

/** Enough of a name or header to look for an address in. */
const MAX_NAME = 500

export interface People extends Pick<MailMessage, 'from' | 'to' | 'cc' | 'replyTo'> {
  readonly oddities: readonly string[]
}

/** null when no header tells an address of the sender. */
export function peopleOf(parsed: ParsedMail): People | null {
  const oddities: string[] = []
  const from = senderOf(parsed, oddities)
  if (from === null) return null
  const shown = /\S+@\S+\.\w+/
    .exec(from.name.slice(0, MAX_NAME).toLowerCase())?.[0]
    .replace(/[<>"'(),;]/g, '')
  if (shown !== undefined && shown !== from.address)
    oddities.push('the name of the sender shows another address')
  return {
    from,
    to: addressesOf(parsed.to),
    cc: addressesOf(parsed.cc),
    replyTo: addressesOf(parsed.replyTo)[0] ?? from,
    oddities,
  }
}

/** From; where it has no address, as in some bounces, Sender and then Return-Path. */
function senderOf(parsed: ParsedMail, oddities: string[]): Address | null {
  const from = addressesOf(parsed.from)[0]
  if (from !== undefined) return from
  const name = cleanLine(parsed.from?.value[0]?.name ?? '')
  for (const header of ['sender', 'return-path']) {
    const address = /[^\s<>"]+@[^\s<>"]+/.exec(
      headerValue(parsed.headerLines, header)?.slice(0, MAX_NAME) ?? '',
    )?.[0]
    if (address === undefined) continue
    oddities.push(`From has no address, taken from ${header}`)
    return { name, address: address.toLowerCase() }
  }
  const local = /^[\w.+-]+$/.exec(parsed.from?.value[0]?.address || name)?.[0]
  if (local === undefined) return null
  oddities.push('From has no complete address')
  return { name, address: local.toLowerCase() }
}

function addressesOf(field: AddressObject | AddressObject[] | undefined): Address[] {
  const fields = field === undefined ? [] : [field].flat()
  return fields.flatMap(({ value }) => value.flatMap(flatten))
}

/** Members of groups included; entries without an address left out. */
function flatten({ address, name, group }: EmailAddress): Address[] {
  if (group !== undefined) return group.flatMap(flatten)
  const plain = cleanLine(address ?? '')
    .replace(/\s/g, '')
    .toLowerCase()
  return plain.includes('@') ? [{ name: cleanLine(name), address: plain }] : []
}
