/** The calibrations of all agents and actions, fitted anew when there are new outcomes. */
import type { Calibration } from '../ports/autonomy.ts'
import type { TablesReader } from '../ports/projection.ts'
import { crossReliability, type Fitted, fitCalibration } from './calibration.ts'
import { type Judged, reliabilityOf } from './reliability.ts'

/** The latest are fitted to: an agent changes with time. */
const MOST_OUTCOMES = 2_000

export class Calibrations {
  readonly #tables: TablesReader
  readonly #known = new Map<string, { readonly position: number; readonly fitted: Fitted }>()

  constructor(tables: TablesReader) {
    this.#tables = tables
  }

  /** What this confidence of the agent is worth; null while there are too few outcomes to say. */
  of(agent: string, action: string, confidence: number): number | null {
    const { method, of } = this.#fitted(agent, action)
    return method === 'none' ? null : of(confidence)
  }

  all(): Calibration[] {
    return this.#tables
      .all<{ agent: string; action: string }>(
        'SELECT DISTINCT agent, action FROM autonomy_outcomes ORDER BY agent, action',
      )
      .map(({ agent, action }) => this.#calibration(agent, action))
  }

  #calibration(agent: string, action: string): Calibration {
    const outcomes = this.#outcomes(agent, action)
    const { method, of } = this.#fitted(agent, action)
    return {
      agent,
      action,
      method,
      outcomes: outcomes.length,
      right: outcomes.filter(({ right }) => right).length,
      raw: reliabilityOf(outcomes),
      calibrated: crossReliability(outcomes),
      map: Array.from({ length: 11 }, (_, i) => ({ raw: i / 10, calibrated: of(i / 10) })),
    }
  }

  #fitted(agent: string, action: string): Fitted {
    const key = JSON.stringify([agent, action])
    const known = this.#known.get(key)
    const position = this.#latest(agent, action)
    if (known?.position === position) return known.fitted
    const fitted = fitCalibration(this.#outcomes(agent, action))
    this.#known.set(key, { position, fitted })
    return fitted
  }

  #latest(agent: string, action: string): number {
    const row = this.#tables.get<{ latest: number | null }>(
      'SELECT max(position) AS latest FROM autonomy_outcomes WHERE agent = ? AND action = ?',
      agent,
      action,
    )
    return row?.latest ?? 0
  }

  #outcomes(agent: string, action: string): Judged[] {
    return this.#tables
      .all<{ confidence: number; error: number }>(
        `SELECT confidence, error FROM autonomy_outcomes WHERE agent = ? AND action = ?
         ORDER BY position DESC LIMIT ?`,
        agent,
        action,
        MOST_OUTCOMES,
      )
      .map(({ confidence, error }) => ({ confidence, right: error === 0 }))
  }
}
