/** Mail by an SMTP server; what it promises is in send.ts. */
import { type Connector, defineConnector } from '../../ports/connector.ts'
import { type SmtpSendOptions, sendBySmtp } from './send.ts'

export function smtpConnector(options: SmtpSendOptions): Connector {
  return defineConnector({ name: 'smtp', operations: { send: sendBySmtp(options) } })
}
