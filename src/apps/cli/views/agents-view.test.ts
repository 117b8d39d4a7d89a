import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createColors } from 'picocolors'
import { z } from 'zod'
import { defineAgent } from '../../../kernel/agent.ts'
import { agentChange, agentRetry, agentShow, agents } from '../../commands/agents.ts'
import type { CommandIo } from '../../commands/command.ts'
import { openPlace } from '../../testing/place.ts'
import type { Workspace } from '../../workspace.ts'
import { agentsView, agentView } from './agents-view.ts'
import type { View } from './view.ts'

const greeter = defineAgent<{ names: string[] }>({
  name: 'greeter',
  version: 1,
  on: ['came'],
  state: z.object({ names: z.array(z.string()) }),
  initial: { names: [] },
  handle(_, { data }, { names }) {
    if (data === '') throw new Error('nobody came')
    return { names: [...names, String(data)] }
  },
})

const io = {} as CommandIo

test('agents, one of them, an instance, and what was set aside, as the operator sees them', async (t) => {
  const place = await openPlace(t, { agents: [greeter] })
  const { hf, clock } = place
  const workspace = { holdfast: hf } as Workspace
  const view: View = { colors: createColors(false), width: 100, now: clock.now(), command: (words) => words }
  assert.equal(agentsView([], view), 'No agents.')
  for (const data of ['Ada', '', 'Bo']) await hf.emit({ kind: 'came', key: 'door', data })
  await hf.idle()

  const list = agentsView(await agents.run(workspace, {}, io), view)
  assert.match(
    list,
    /AGENT +LIFECYCLE +INSTANCES +PENDING +UNDER WAY +SET ASIDE +WHY\ngreeter +enabled +1 +1\n/,
  )

  const shown = await agentShow.run(workspace, { name: 'greeter', limit: 20 }, io)
  const position = Number(shown.aside[0]?.position)
  const text = agentView(shown, view)
  assert.match(text, /greeter version 1, enabled/)
  assert.match(text, /door +enabled +2/)
  assert.match(text, new RegExp(`${position} +door +just now +RUN_FAILED: nobody came`))
  assert.match(text, new RegExp(`agent retry greeter door ${position}`))

  const one = await agentShow.run(workspace, { name: 'greeter', key: 'door', limit: 20 }, io)
  assert.match(agentView(one, view), /door: enabled, 2 events handled, 0 pending, 1 set aside\n[\s\S]*"Ada"/)

  const again = await agentRetry.run(workspace, { name: 'greeter', key: 'door', position }, io)
  assert.equal(again.pending, 1, 'its run is under way')
  await hf.idle()
  const paused = { name: 'greeter', lifecycle: 'paused', reason: 'closed today' } as const
  assert.equal((await agentChange.run(workspace, paused, io)).lifecycle, 'paused')
  assert.match(agentsView(await agents.run(workspace, {}, io), view), /greeter +paused .*closed today/)
})
