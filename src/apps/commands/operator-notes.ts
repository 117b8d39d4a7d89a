/** What the operator should know beside the data of a command. */
import type { JsonObject } from '../../kernel/json.ts'
import { isHoldfastError } from '../../kernel/errors.ts'
import { age } from '../../observe/plain-text.ts'
import { readMessage } from '../../mail/mail-index.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Workspace } from '../workspace.ts'
import type { CommandIo } from './command.ts'
