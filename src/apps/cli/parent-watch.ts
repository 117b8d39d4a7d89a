/**
 * The launcher holds a channel to the process it starts. However the launcher ends, even by SIGKILL, the
 * system closes the channel; without this, its process would live on and keep the workspace.
 */

/**
 * Calls `stop` once when the launcher is gone, at once if it is gone already, never when there was no
 * launcher. Watching does not keep the process alive.
 */
export function onParentGone(stop: () => void): void {
  if (process.connected === false) stop()
  else process.once('disconnect', stop)
  process.channel?.unref()
}
