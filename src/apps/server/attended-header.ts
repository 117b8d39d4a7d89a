/** The header of a command that somebody typed, at the socket: `yes`. */
export const ATTENDED = 'holdfast-attended'
