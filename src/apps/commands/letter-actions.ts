/** Whether what waits for the operator's word is a mail on its way out. */
export function isLetter(action: string): boolean {
  return action === 'send-reply' || action === 'send-follow-up'
}
