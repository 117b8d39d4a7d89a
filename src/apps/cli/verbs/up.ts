/** `holdfast up`: the running process on a terminal. */
import { constants } from 'node:os'
import { HoldfastError, isHoldfastError } from '../../../kernel/errors.ts'
import { runWorkspace, type Voice } from '../../server/running.ts'
import { SAMPLE_OWNER } from '../../server/sample.ts'
import { createWorkspace, isWorkspace } from '../../workspace-files.ts'
import { runningProcess } from '../client.ts'
import { onParentGone } from '../parent-watch.ts'
import { upVoice } from '../up-voice.ts'
import type { Call, VerbRun } from '../verb.ts'
import { VERSION } from '../version.ts'

export const up: VerbRun = async (call) => {
  const { dir, env, options, out, redactor } = call
  const sample = options.sample === true
  const stop = stopBySignal()
  if (!isWorkspace(dir)) {
    if (!sample) throw missing(dir)
    await createWorkspace(dir, SAMPLE_OWNER)
    out.note(`Made a workspace in ${dir}`)
  }
  const voice: Voice = upVoice(call)
  try {
    const once = options.once === true
    await runWorkspace({ dir, env, redactor, version: VERSION, sample, once, stop: stop.signal, voice })
    return 0
  } catch (error) {
    throw await explained(error, call)
  } finally {
    stop.release()
  }
}

/** A workspace is made when it is asked for; a folder that was mistyped is not. */
function missing(dir: string): HoldfastError {
  return new HoldfastError('WORKSPACE_MISSING', `${dir} is not a workspace`, {
    details: { dir },
    fix: 'Create one with `holdfast init`, or try it out with `holdfast up --sample`.',
  })
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The first signal, or the end of the launcher, asks to stop; a second signal stops at once. */
function stopBySignal(): { readonly signal: AbortSignal; release(): void } {
  const stop = new AbortController()
  const onSignal = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(128 + constants.signals[name])
    stop.abort()
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  onParentGone(() => stop.abort())
  return {
    signal: stop.signal,
    release() {
      for (const name of SIGNALS) process.off(name, onSignal)
    },
  }
}

/** Who has the workspace, if it is another `up`. */
async function explained(error: unknown, { dir, command }: Call): Promise<unknown> {
  if (!isHoldfastError(error) || error.code !== 'WORKSPACE_LOCKED') return error
  const running = await runningProcess(dir).catch(() => null)
  if (running === null) return error
  return new HoldfastError('WORKSPACE_LOCKED', `${dir} is served already, by process ${running.pid}`, {
    details: { dir, pid: running.pid },
    fix: `Just type your commands, such as \`${command('inbox')}\`; or stop that process first.`,
  })
}
