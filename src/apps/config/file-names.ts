/** What the operator's files in the workspace are called. */
export const CONFIG_FILE = 'holdfast.yaml'
export const POLICY_FILE = 'policy.yaml'
export const AUTONOMY_FILE = 'autonomy.yaml'
export const FLAGS_FILE = 'flags.yaml'
