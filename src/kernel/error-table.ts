/**
 * Every failure a user can meet has a stable code. The table is the single source for its meaning, its
 * retry class, its HTTP status, its exit code and the next action; docs/errors.md is held equal to it
 * by a test.
 */

/**
 * never: the same call fails again. later: it may pass by itself after a wait. operator: a person must
 * act first.
 */
export type RetryClass = 'never' | 'later' | 'operator'

export interface ErrorEntry {
  /** What happened, in general words. */
  readonly means: string
  readonly retry: RetryClass
  readonly http: number
  /** Exit code of the CLI: 1 failure, 2 usage, 69 unavailable, 78 configuration. */
  readonly exit: number
  /** The next action. */
  readonly fix: string
}

export const ERRORS = {
  // the log
  LOG_CONFLICT: {
    means: 'Another writer appended to the stream since this writer read it.',
    retry: 'later',
    http: 409,
    exit: 1,
    fix: 'Read the stream again, decide anew, append with the version you saw.',
  },
  LOG_WRITE_FAILED: {
    means: 'The store refused the commit (disk full, read-only, input/output error). Nothing of it was kept.',
    retry: 'operator',
    http: 503,
    exit: 69,
    fix: 'Free space or make the workspace writable. Nothing acknowledged was lost; runs go on by themselves, ask again for what was refused.',
  },
  LOG_CORRUPT: {
    means: 'What is stored does not match its hash chain.',
    retry: 'operator',
    http: 500,
    exit: 1,
    fix: 'Stop and keep the files. Make the last backup into a new workspace with `holdfast restore BACKUP --dir NEW`.',
  },
  LOG_EPOCH_STALE: {
    means: 'The log was opened again since this writer opened it. Nothing of the append was kept.',
    retry: 'never',
    http: 409,
    exit: 69,
    fix: 'End this process; whoever opened the log last goes on with its work.',
  },
  LOG_REPLACED: {
    means: 'This is another log than the one that the checkpoint was taken of.',
    retry: 'operator',
    http: 409,
    exit: 1,
    fix: 'Check the folder and the file of the checkpoint; if both are right, another log was put in its place.',
  },
  LOG_TRUNCATED: {
    means: 'The log ends before the place that the checkpoint was taken at: its end is gone.',
    retry: 'operator',
    http: 409,
    exit: 1,
    fix: 'Keep the file; find out whether an older backup was restored. If not, somebody cut it off.',
  },
  LOG_REWRITTEN: {
    means: 'The log has another past than when the checkpoint was taken, with a chain made to fit.',
    retry: 'operator',
    http: 409,
    exit: 1,
    fix: 'Keep the file; find out whether an older backup was restored and gone on with. If not, it was forged.',
  },
  LOG_CLOSED: {
    means: 'The log was closed before this append.',
    retry: 'later',
    http: 503,
    exit: 69,
    fix: 'Open the workspace again.',
  },
  WORKSPACE_LOCKED: {
    means: 'Another process has the workspace open; a workspace has one writer.',
    retry: 'later',
    http: 423,
    exit: 69,
    fix: 'Stop the other process, or let it do the work: commands reach a running `holdfast up` by its socket.',
  },
  WORKSPACE_MISSING: {
    means: 'There is no workspace in this folder.',
    retry: 'operator',
    http: 404,
    exit: 78,
    fix: 'Create one with `holdfast init --dir DIR`.',
  },
  BACKUP_INVALID: {
    means: 'This is no backup, or not the one that its manifest describes.',
    retry: 'never',
    http: 422,
    exit: 1,
    fix: 'Use another backup; nothing was restored from this one.',
  },
  FOLDER_NOT_EMPTY: {
    means: 'A folder that is to be made holds something already.',
    retry: 'operator',
    http: 409,
    exit: 2,
    fix: 'Name a folder that is not there yet, or an empty one; nothing in this one was changed.',
  },
  WORKSPACE_NEWER: {
    means: 'The workspace was written by a newer Holdfast than this one.',
    retry: 'operator',
    http: 409,
    exit: 78,
    fix: 'Upgrade Holdfast; an older version does not open a newer workspace.',
  },
  PROJECTION_DIFFERS: {
    means: 'A projection rebuilt from the log differs from the live one.',
    retry: 'operator',
    http: 500,
    exit: 1,
    fix: 'Fold the tables anew with `holdfast log rebuild`, and report the difference: it is a defect. The log itself is whole.',
  },
  // runs
  RUN_ID_CONFLICT: {
    means: 'A run with this id exists with another workflow or another input.',
    retry: 'never',
    http: 409,
    exit: 1,
    fix: 'Use a new id, or start with the same input to get the existing run.',
  },
  RUN_NOT_FOUND: {
    means: 'No run has this id.',
    retry: 'never',
    http: 404,
    exit: 1,
    fix: 'List the runs with `holdfast runs`.',
  },
  FORK_UNSETTLED: {
    means:
      'What the run began before this step may still happen, or may have happened: a fork would do it again.',
    retry: 'later',
    http: 409,
    exit: 1,
    fix: 'Answer the question about it in `holdfast inbox`, or wait until it is over; or fork from an earlier step.',
  },
  SCHEDULE_UNKNOWN: {
    means: 'No schedule has this name, here or on record.',
    retry: 'never',
    http: 404,
    exit: 1,
    fix: 'List the schedules with `holdfast schedules`; a run can only be started by a process that defines it.',
  },
  TRIGGER_UNKNOWN: {
    means: 'No trigger of this process has this name.',
    retry: 'never',
    http: 404,
    exit: 1,
    fix: 'List the triggers with `holdfast triggers`; events can only be tried again by a process that defines it.',
  },
  TRIGGER_FAILED: {
    means: 'The code of a trigger failed on an event; the event was set aside.',
    retry: 'operator',
    http: 500,
    exit: 1,
    fix: 'Correct the trigger, then have the event tried again with `holdfast trigger retry NAME POSITION`.',
  },
  RUN_QUEUED: {
    means: 'The run has not begun: it waits in the queue.',
    retry: 'later',
    http: 409,
    exit: 1,
    fix: 'See what it waits for with `holdfast why ID`; `holdfast run cancel ID` takes it out of the queue.',
  },
  RUN_ENDED: {
    means: 'The run has ended; it can not be changed any more.',
    retry: 'never',
    http: 409,
    exit: 1,
    fix: 'See how it ended with `holdfast run show ID`.',
  },
  RUN_CANCELLED: {
    means: 'The run was cancelled by the operator.',
    retry: 'never',
    http: 409,
    exit: 1,
    fix: 'Start a new run if the work is still wanted.',
  },
  RUN_FAILED: {
    means: 'The workflow threw an error that has no code of its own.',
    retry: 'never',
    http: 500,
    exit: 1,
    fix: 'See the cause with `holdfast why ID` and mend the workflow; then start a new run, or go on with `holdfast run fork ID --from STEP`.',
  },
  RUN_UNDER_WAY: {
    means: 'The run has not ended, so what it did can not be taken back, nor taken up again.',
    retry: 'later',
    http: 409,
    exit: 1,
    fix: 'Wait for its end, or end it with `holdfast run cancel ID`.',
  },
  ROLLBACK_INCOMPLETE: {
    means: 'Some of what a run did could not be undone.',
    retry: 'operator',
    http: 502,
    exit: 1,
    fix: 'See why with `holdfast run show rollback/ID`, and undo the rest by hand.',
  },
  STEP_FAILED: {
    means: 'A step failed on every attempt that its retry policy allows.',
    retry: 'never',
    http: 500,
    exit: 1,
    fix: 'See the attempts with `holdfast run show ID` and mend the cause; then start a new run, or go on with `holdfast run fork ID --from STEP`.',
  },
  STEP_NAME_REUSED: {
    means: 'Two steps of one run that are under way together have the same name.',
    retry: 'never',
    http: 500,
    exit: 1,
    fix: 'Give each parallel step its own name, such as `charge 1`, `charge 2`.',
  },
  STEP_HEARTBEAT_LOST: {
    means: 'An attempt of a step said nothing for longer than its heartbeat.',
    retry: 'later',
    http: 504,
    exit: 1,
    fix: 'Call `attempt.heartbeat()` more often, or raise `heartbeat` of the step.',
  },
  STEP_TIMEOUT: {
    means: 'An attempt of a step, or all of them together, took longer than the limit.',
    retry: 'later',
    http: 504,
    exit: 1,
    fix: 'Raise `timeout` or `totalTimeout` of the step, whichever the message names, or make the work shorter.',
  },
  PIPELINE_CANNOT_WAIT: {
    means: 'A pipeline asked for something that may take longer than its caller can wait.',
    retry: 'never',
    http: 500,
    exit: 1,
    fix: 'Hand over to a workflow or an agent, which can wait, or make it a workflow.',
  },
  PIPELINE_DEADLINE: {
    means: 'A pipeline took longer than its deadline; nothing that it would have handed over was.',
    retry: 'later',
    http: 504,
    exit: 1,
    fix: 'Raise `deadline` of the pipeline, make its steps shorter, or hand over what takes long.',
  },
  PIPELINE_STEP_LIMIT: {
    means: 'A pipeline asked for more operations than it may; nothing that it would have handed over was.',
    retry: 'never',
    http: 500,
    exit: 1,
    fix: 'Raise `maxSteps` of the pipeline, or look for a loop without an end.',
  },
  OPERATION_ABANDONED: {
    means:
      'The code of the run gave up this wait or timer, or the branch it is in: another branch won the race, or a signal was aborted.',
    retry: 'never',
    http: 409,
    exit: 1,
    fix: 'Do nothing if it was meant so; otherwise do not wait in a branch that can lose.',
  },
  GRAPH_INVALID: {
    means:
      'The nodes of a graph can not be run: an unknown or repeated name, a cycle, or a read past `after`.',
    retry: 'never',
    http: 422,
    exit: 1,
    fix: 'Mend the `after` of the nodes that the message names.',
  },
  JOURNAL_DIVERGED: {
    means: 'The code asks for something else than what the journal of the run holds.',
    retry: 'operator',
    http: 409,
    exit: 1,
    fix: 'Take back the code that the run began with, or put the change behind `ctx.patched` or a new version. The run waits; `holdfast preflight` names the others like it.',
  },
  WORKFLOW_UNKNOWN: {
    means: 'No workflow of this name and version is registered.',
    retry: 'operator',
    http: 404,
    exit: 1,
    fix: 'Register it in `openHoldfast({ workflows })`; runs of it wait until then.',
  },
  WORKFLOW_DUPLICATE: {
    means: 'Two workflows are registered with the same name and version.',
    retry: 'never',
    http: 500,
    exit: 78,
    fix: 'Give one of them another name or version.',
  },
  INPUT_INVALID: {
    means: 'A value does not fit its schema.',
    retry: 'never',
    http: 422,
    exit: 2,
    fix: 'Correct the fields named in the message.',
  },
  OUTPUT_INVALID: {
    means: 'A workflow or an operation produced a value that does not fit its own schema.',
    retry: 'never',
    http: 500,
    exit: 1,
    fix: 'Mend the code, or the schema that it declares.',
  },
  VALUE_NOT_JSON: {
    means: 'A value that must be journaled is not plain JSON data.',
    retry: 'never',
    http: 500,
    exit: 1,
    fix: 'Give plain data: strings, numbers, booleans, null, arrays, objects; a date as a number or a text.',
  },
  EVENT_ID_CONFLICT: {
    means: 'An event with this id was published before with other content.',
    retry: 'never',
    http: 409,
    exit: 1,
    fix: 'Use a new id for new content.',
  },
  BODY_ERASED: {
    means: 'The body of this event was erased by retention or on request.',
    retry: 'never',
    http: 410,
    exit: 1,
    fix: 'Nothing brings it back here. A backup made before the erasure may still hold it: `holdfast restore BACKUP --dir NEW`.',
  },
  HOLDFAST_CLOSED: {
    means: 'The process is shutting down, or was closed; the run goes on when it is opened again.',
    retry: 'later',
    http: 503,
    exit: 69,
    fix: 'Open the workspace again; nothing acknowledged was lost.',
  },
  // effects and policy
  OPERATION_UNKNOWN: {
    means: 'No connector offers this operation.',
    retry: 'operator',
    http: 404,
    exit: 78,
    fix: 'Use one of the operations named in the message, or add the connector.',
  },
  POLICY_DENIED: {
    means: 'The policy denied this effect or model call.',
    retry: 'operator',
    http: 403,
    exit: 1,
    fix: 'The rule is named in the message; change `policy.yaml` if the call should be allowed, and open the workspace again.',
  },
  PERMIT_INVALID: {
    means: 'An effect was attempted without the permit that the policy gives for exactly this input.',
    retry: 'never',
    http: 500,
    exit: 1,
    fix: 'Go through `ctx.act`: only the policy makes permits.',
  },
  EFFECT_ABANDONED: {
    means: 'The outcome of an effect stayed unknown and the operator chose to give it up.',
    retry: 'never',
    http: 409,
    exit: 1,
    fix: 'See the effect with `holdfast run show ID`; start a new run if the work is still wanted.',
  },
  CONNECTOR_REFUSED: {
    means: 'The outside system refused the request for good; nothing was done.',
    retry: 'never',
    http: 502,
    exit: 1,
    fix: 'Correct what the outside system names in the message, then start a new run: nothing has to be taken back.',
  },
  CONNECTOR_UNAVAILABLE: {
    means: 'The outside system could not be reached or asked for a pause; nothing was done.',
    retry: 'later',
    http: 503,
    exit: 69,
    fix: 'It is tried again by itself, `holdfast breakers` says when; check the address and the credentials if it goes on.',
  },
  CONNECTOR_OUTCOME_UNKNOWN: {
    means: 'The request may or may not have been carried out.',
    retry: 'operator',
    http: 502,
    exit: 1,
    fix: 'The outside system is asked by idempotency key; if it can not tell, an item in the inbox asks you.',
  },
  CONNECTOR_UNKNOWN: {
    means: 'There is no connector of this name.',
    retry: 'never',
    http: 404,
    exit: 2,
    fix: 'Use one of the names given in the message.',
  },
  MODEL_UNAVAILABLE: {
    means: 'The model could not be reached or gave no usable answer.',
    retry: 'later',
    http: 503,
    exit: 69,
    fix: 'The playbook decides meanwhile; check the key, the address and the name of the model.',
  },
  // agents
  AGENT_UNKNOWN: {
    means: 'There is no agent, or no instance, of this name.',
    retry: 'never',
    http: 404,
    exit: 1,
    fix: 'List the agents with `holdfast agents`, the instances of one with `holdfast agent show NAME`.',
  },
  AGENT_DUPLICATE: {
    means: 'Two agents of one name and version were registered.',
    retry: 'never',
    http: 409,
    exit: 1,
    fix: 'Give each agent a name of its own; register several versions of one under different numbers.',
  },
  AGENT_RETIRED: {
    means: 'The agent was retired, which is for good.',
    retry: 'never',
    http: 409,
    exit: 1,
    fix: 'Its states can still be read; define an agent of another name for new work.',
  },
  AGENT_STATE_UNFIT: {
    means: 'The state that an earlier version of the agent has left does not fit the present one.',
    retry: 'operator',
    http: 409,
    exit: 1,
    fix: 'Give the agent a `migrate` for that version, start again, then `holdfast agent resume NAME`; nothing was lost.',
  },
  AGENT_KEY_FAILED: {
    means: 'The agent could not say which instance an event is for; the event was set aside.',
    retry: 'operator',
    http: 500,
    exit: 1,
    fix: 'Correct the `key` of the agent, then send the event again.',
  },
  EVENT_NOT_SET_ASIDE: {
    means: 'The event was not set aside by this instance or trigger, so it can not be handled again.',
    retry: 'never',
    http: 404,
    exit: 1,
    fix: 'List those set aside with `holdfast agent show NAME`, or `holdfast triggers`.',
  },
  // reviews
  REVIEW_NOT_FOUND: {
    means: 'No review has this id.',
    retry: 'never',
    http: 404,
    exit: 1,
    fix: 'List the waiting reviews with `holdfast inbox`.',
  },
  REVIEW_ENDED: {
    means: 'The review was answered before, or its run has ended; an answer is used once.',
    retry: 'never',
    http: 409,
    exit: 1,
    fix: 'See what became of it with `holdfast run show ID`, with the id of its run.',
  },
  REVIEW_STALE: {
    means: 'The proposal is not the one that was shown.',
    retry: 'never',
    http: 409,
    exit: 1,
    fix: 'Look at it again with `holdfast review ID`, then answer with the hash that it has now.',
  },
  // mail, customers
  MAIL_MALFORMED: {
    means: 'A message could not be read as mail; it is kept as it came.',
    retry: 'operator',
    http: 422,
    exit: 1,
    fix: 'Look at the kept file named in the message. Nothing else is held up by it.',
  },
  FILE_UNREADABLE: {
    means: 'A file could not be read.',
    retry: 'operator',
    http: 404,
    exit: 1,
    fix: 'Check the path and the permissions.',
  },
  FOLDER_UNUSABLE: {
    means: 'A file or folder could not be opened, made or written.',
    retry: 'operator',
    http: 503,
    exit: 69,
    fix: 'Check the path, who may read and write there, and the space that is left.',
  },
  CUSTOMER_NOT_FOUND: {
    means: 'No customer has this id or address.',
    retry: 'never',
    http: 404,
    exit: 1,
    fix: 'List them with `holdfast customers --all`; the beginning of an address, a name or an id is enough.',
  },
  // secrets
  SECRET_UNKNOWN: {
    means: 'The vault has no secret of this name.',
    retry: 'operator',
    http: 404,
    exit: 78,
    fix: 'See the names with `holdfast vault list`; set it with `holdfast vault set NAME`.',
  },
  SECRET_INVALID: {
    means: 'A name or a value can not be that of a secret. Nothing was set.',
    retry: 'never',
    http: 400,
    exit: 2,
    fix: 'Give a name of small letters, digits, dots and hyphens, and the value on standard input.',
  },
  VAULT_KEY_MISSING: {
    means: 'The master key that the vault is sealed with is not where it is looked for.',
    retry: 'operator',
    http: 503,
    exit: 78,
    fix: 'Bring the key back from your copy, or name it with HOLDFAST_VAULT_KEY_FILE. If it is lost, remove the secrets and set them anew.',
  },
  VAULT_KEY_INVALID: {
    means: 'What should be a master key is none.',
    retry: 'operator',
    http: 500,
    exit: 78,
    fix: 'A key is 32 bytes as base64 or hex, one a line: `openssl rand -base64 32`.',
  },
  VAULT_ENVELOPE_BROKEN: {
    means:
      'An envelope of the vault does not open: it was changed, or comes from another name, version or workspace.',
    retry: 'operator',
    http: 500,
    exit: 78,
    fix: 'Set the secret anew with `holdfast vault set NAME`, or bring vault.json back from a backup.',
  },
  VAULT_INVALID: {
    means: 'The file of the vault can not be read as one.',
    retry: 'operator',
    http: 500,
    exit: 78,
    fix: 'Bring vault.json back from a backup, or move it away and set the secrets anew.',
  },
  // files the operator edits, the command line
  CONFIG_INVALID: {
    means: 'The configuration file has a mistake.',
    retry: 'operator',
    http: 500,
    exit: 78,
    fix: 'Correct the line and column named in the message.',
  },
  PLAYBOOK_INVALID: {
    means: 'A playbook has a mistake; the last valid one stays in force.',
    retry: 'operator',
    http: 422,
    exit: 78,
    fix: 'Correct the line and column named in the message, and see with `holdfast playbook check`; it is read again at the next mail.',
  },
  USAGE: {
    means: 'The command was not understood.',
    retry: 'never',
    http: 400,
    exit: 2,
    fix: 'See `holdfast help COMMAND` for its options and examples, `holdfast --help` for all commands.',
  },
  UNEXPECTED: {
    means: 'Something happened that should not: a defect of Holdfast, or of the machine it runs on.',
    retry: 'operator',
    http: 500,
    exit: 1,
    fix: 'Run `holdfast doctor`; if all is in order, report it with what was done and the trace if there is one.',
  },
  NODE_TOO_OLD: {
    means: 'This Node can not run Holdfast, and the pinned one is not installed.',
    retry: 'operator',
    http: 500,
    exit: 69,
    fix: 'Run `npm ci`, or install Node 24.15 or newer.',
  },
  INSTALL_FAILED: {
    means: 'The packages could not be installed.',
    retry: 'operator',
    http: 500,
    exit: 69,
    fix: 'Read what npm says above, check the network, then run `npm ci`.',
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof ERRORS
